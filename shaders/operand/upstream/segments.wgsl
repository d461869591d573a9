// The upstream gradient of a row is the slope of its segment.
// needs: geometry/segment_slope
fn upstream_at(i: u32) -> f32 {
    return segment_slope(i);
}
