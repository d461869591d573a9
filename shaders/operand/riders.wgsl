// The state of each position's softmax, where a loss of it rides along in a walk over regions. Uses lib/component lib/params lib/math dtype/float operand/x0 fold/softmax.
@group(0) @binding(15) var<storage, read_write> riders: array<State>;

fn rider_before(position: u32) -> State {
    return fold_empty();
}

fn rider_logit(position: u32, element: u32) -> f32 {
    return x0_at(element);
}

fn keep_rider(position: u32, state: State) {
    riders[position + base(15u)] = state;
}

fn kept_rider(position: u32) -> State {
    return riders[position + base(15u)];
}
