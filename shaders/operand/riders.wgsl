// The state of each position's softmax, where a loss of it rides along in a walk over regions. Uses lib/params lib/math fold/softmax.
@group(0) @binding(18) var<storage, read_write> riders: array<State>;

fn remembered(position: u32) -> vec2<f32> {
    let state = riders[position];
    let unknown = ((state.poison & UNKNOWN_LOGIT) != 0u) || (state.rest < 0.0);
    return vec2<f32>(state.peak, select(1.0 / (1.0 + state.rest), nan(), unknown));
}
