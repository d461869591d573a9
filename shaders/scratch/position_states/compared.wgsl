// The states of positions whose classes are walked in ranges twice: each lane keeps its state, and the sums of its second walk.
// needs: lib/class lib/label lib/params geometry/class_axis geometry/places
// slots: fold
struct PositionState {
    state: State,
    // pads the entry to the size that it has in position_states/ranges
    spare: f32,
}

@group(0) @binding(19) var<storage, read_write> position_states: array<PositionState>;

// The states of a position's lanes come first, then their sums.
fn position_state_place(position: u32, lane: u32) -> u32 {
    return (position * 2u * LANES) + lane + base(19u);
}

fn state_before(position: u32, lane: u32) -> State {
    if params.block.fresh != 0u {
        return fold_empty();
    }
    return position_states[position_state_place(position, lane)].state;
}

fn keep_state(position: u32, lane: u32, state: State) {
    position_states[position_state_place(position, lane)].state = state;
}

fn sums_before(position: u32, lane: u32) -> State {
    return position_states[position_state_place(position, LANES + lane)].state;
}

fn keep_sums(position: u32, lane: u32, sums: State) {
    position_states[position_state_place(position, LANES + lane)].state = sums;
}

fn position_label_class(position: u32, first: u32, label: Label) -> LabelClass {
    return LabelClass(LABELLED, 0.0, 1.0);
}
