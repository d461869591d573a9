// The states of positions whose classes are walked in ranges: each lane's state is kept from one range to the next.
// needs: lib/class lib/label lib/params geometry/class_axis geometry/places
// slots: class_weight fold
struct PositionState {
    state: State,
    // the prediction for the label's class
    x: f32,
}

@group(0) @binding(19) var<storage, read_write> position_states: array<PositionState>;

fn position_state_place(position: u32, lane: u32) -> u32 {
    return (position * LANES) + lane + base(19u);
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

// The entry of lane 0 holds the label's logit for all lanes of the position.
fn keep_logit(position: u32, x: f32) {
    position_states[position_state_place(position, 0u)].x = x;
}

fn position_label_class(position: u32, first: u32, label: Label) -> LabelClass {
    let index = select(0u, label.index, label.index < params.classes);
    return LabelClass(LABELLED, position_states[position_state_place(position, 0u)].x, class_weight_at(index));
}
