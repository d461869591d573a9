// Writes the gradients of a level of two pictures, in tiles of 16 × 16 pixels: from the derivatives with respect to the
// statistics of the windows that contain each pixel, and from the gradients of the next level.
// needs: lib/math lib/params geometry/picture_tiles geometry/pixels geometry/window_sums scratch/level_slopes
// slots: coarser_gradient leaf level_gradient
@compute @workgroup_size(256)
fn levels_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tile = picture_tile(place, vec2<u32>(params.block.width, params.block.height), 16u);
    let plane = tile.plane;
    make_taps(lane);
    // the first window that contains a pixel has the pixel's line and column, less this number
    let before = i32(params.window - 1u) - i32(params.margin);
    let sums = window_sum(plane, i32(tile.line) - before, i32(tile.column) - before, lane);
    let own_line = tile.line + (lane / 16u);
    let own_column = tile.column + (lane % 16u);
    if tile.live & (own_line < params.block.height) & (own_column < params.block.width) {
        // the pivot of these sums is the pixel itself, so the first two are its derivatives without a correction
        let d = (window_unit() * sums.xy) + coarser_gradient(plane, own_line, own_column);
        // a plane's loss depends on all of its pixels
        let unknown = is_nan(level_slope(plane));
        store_level(element_of_pixel(plane, own_line, own_column), select(d, vec2<f32>(nan()), unknown));
    }
}
