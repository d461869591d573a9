// The state of each position's softmax, for a fused loss in a walk over regions.
// needs: lib/params
// slots: fold x0
@group(0) @binding(15) var<storage, read_write> fused_states: array<State>;

fn fused_before(position: u32) -> State {
    return fold_empty();
}

fn fused_logit(position: u32, element: u32) -> f32 {
    return x0_at(element);
}

fn keep_fused(position: u32, state: State) {
    fused_states[position + base(15u)] = state;
}

fn kept_fused(position: u32) -> State {
    return fused_states[position + base(15u)];
}
