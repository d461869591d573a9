// The cells of a confusion matrix: a row for each label, with a column for each prediction; and after the matrix, for each
// label, a cell for its positions without a prediction.
// needs: lib/label lib/params
fn cell_count() -> u32 {
    return params.label_count * (params.label_count + 1u);
}

fn cell_of(label: Label, predicted: Label) -> u32 {
    let unpredicted = (params.label_count * params.label_count) + label.index;
    return select(unpredicted, (params.label_count * label.index) + predicted.index, predicted.kept);
}
