// The cells of an accuracy: positions that are right, that are wrong, and that have no prediction.
// needs: lib/label
fn cell_count() -> u32 {
    return 3u;
}

fn cell_of(label: Label, predicted: Label) -> u32 {
    return select(2u, select(1u, 0u, predicted.index == label.index), predicted.kept);
}
