// A row's whole state over the classes of two projections, which an earlier stage merged, and the sums over its classes. The
// sums lie behind the states of all rows.
// needs: lib/class lib/label lib/params fold/divergence fold/mixture scratch/whole_states
fn merged_whole(row: u32) -> State {
    compared = sums_of(whole_states[params.items + row]);
    return whole_states[row];
}

fn whole_label_class(row: u32, label: Label) -> LabelClass {
    return LabelClass(false, 0.0, 1.0);
}
