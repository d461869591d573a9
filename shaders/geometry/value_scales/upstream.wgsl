// The factor of a value's gradient without the sample weight: its upstream gradient.
// slots: upstream
fn value_scales(i: u32) -> vec2<f32> {
    return vec2<f32>(upstream_at(i), 0.0);
}
