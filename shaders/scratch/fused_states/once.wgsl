// The state of each position's softmax, for a fused loss in a walk over regions.
// needs: lib/params
// slots: fold x0
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
