// A row's whole state over the classes of a projection, which an earlier stage merged, and the logit of the row's label.
// needs: lib/class lib/label scratch/hits scratch/whole_states
// slots: fold label_weight
fn merged_whole(row: u32) -> State {
    return whole_states[row];
}

fn whole_label_class(row: u32, label: Label) -> LabelClass {
    return LabelClass(true, hits[row], label_weight(row, label));
}
