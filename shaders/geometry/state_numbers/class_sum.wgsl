// The numbers of a plain sum's state, as they travel to another device.
// needs: fold/class_sum
fn first_numbers(state: State) -> vec4<f32> {
    return vec4<f32>(state.sum, state.d_label, 0.0, 0.0);
}

fn last_number(state: State) -> f32 {
    return 0.0;
}

fn state_of(first: vec4<f32>, last: f32, poison: u32) -> State {
    return State(first.x, first.y, poison);
}

// Nothing is noted for observations.
fn notes_of(state: State) -> vec3<f32> {
    return vec3<f32>(0.0);
}

fn noted(state: State, notes: vec3<f32>) -> State {
    return state;
}
