// Slopes: for each level and plane, the derivative of the loss with respect to the score of a window; NaN if the plane's loss
// is.
// needs: lib/params
@group(0) @binding(16) var<storage, read_write> level_slopes: array<f32>;

// The slope of a plane at this dispatch's level. `block.first_row_sum` is where that of plane 0 would be.
fn level_slope(plane: u32) -> f32 {
    return level_slopes[params.block.first_row_sum + plane];
}
