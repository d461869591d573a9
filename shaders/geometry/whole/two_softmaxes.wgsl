// A row's whole state over the classes of two projections, which an earlier stage merged.
// needs: lib/class lib/label fold/divergence scratch/whole_states
fn merged_whole(row: u32) -> State {
    return whole_states[row];
}

fn whole_label_class(row: u32, label: Label) -> LabelClass {
    return LabelClass(false, 0.0, 1.0);
}
