// For a fused loss in a walk over regions whose classes are walked in ranges: each position's softmax state and its label's
// logit.
// needs: lib/params
// slots: fold
struct RangedFusedState {
    state: State,
    // the prediction for the label's class
    x: f32,
}

@group(0) @binding(15) var<storage, read_write> ranged_fused_states: array<RangedFusedState>;

fn fused_before(position: u32) -> State {
    if params.block.fresh != 0u {
        return fold_empty();
    }
    return kept_fused(position);
}

fn keep_logit(position: u32, x: f32) {
    ranged_fused_states[position + base(15u)].x = x;
}

fn fused_logit(position: u32, element: u32) -> f32 {
    return ranged_fused_states[position + base(15u)].x;
}

fn keep_fused(position: u32, state: State) {
    ranged_fused_states[position + base(15u)].state = state;
}

fn kept_fused(position: u32) -> State {
    return ranged_fused_states[position + base(15u)].state;
}
