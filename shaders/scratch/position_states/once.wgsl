// The states of positions where one dispatch walks all classes: none is kept, and nothing is known from an earlier range.
// needs: lib/class lib/label geometry/class_axis
// slots: fold
fn state_before(position: u32, lane: u32) -> State {
    return fold_empty();
}

fn keep_state(position: u32, lane: u32, state: State) {}

fn position_place(position: u32, first: u32, label: Label) -> Place {
    return place_of(first, label);
}
