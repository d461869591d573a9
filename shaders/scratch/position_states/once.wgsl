// The states of positions where one dispatch walks all classes: none is kept, and nothing is known from an earlier range.
// needs: lib/class lib/label geometry/class_axis
// slots: fold
fn state_before(position: u32, lane: u32) -> State {
    return fold_empty();
}

fn keep_state(position: u32, lane: u32, state: State) {}

fn position_label_class(position: u32, first: u32, label: Label) -> LabelClass {
    return label_class_of(first, label);
}
