// For each level and plane the derivative of the loss with respect to the score of a window; NaN if the plane's loss is.
// needs: lib/params
@group(0) @binding(16) var<storage, read_write> level_slopes: array<f32>;

// The slope of this dispatch's level. Plane 0's would be at `block.first_row_sum`.
fn level_slope(plane: u32) -> f32 {
    return level_slopes[params.block.first_row_sum + plane];
}
