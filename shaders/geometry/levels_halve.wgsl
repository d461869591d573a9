// Writes the next level of two pictures to `level_pixels`: the means of 2 × 2 pixels, in tiles of 16 × 16.
// needs: lib/params geometry/coarser geometry/pixels scratch/level_pixels
// slots: apart
@compute @workgroup_size(256)
fn levels_halve(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let size = coarser_size();
    let tiles = (size + vec2<u32>(15u)) / vec2<u32>(16u);
    let plane = place / (tiles.x * tiles.y);
    let tile = vec2<u32>(place % tiles.x, (place / tiles.x) % tiles.y);
    let at = (vec2<u32>(16u) * tile) + vec2<u32>(lane % 16u, lane / 16u);
    if (plane < params.items * params.classes) & all(at < size) {
        let first = vec2<i32>(vec2<u32>(2u) * at) - vec2<i32>(zeros_before());
        var mean = vec2<f32>(0.0);
        for (var k = 0; k < 4; k += 1) {
            // each is divided by 4 first, since the sum of four pixels may overflow
            let pixels = pixels_at(plane, first.y + (k / 2), first.x + (k % 2));
            mean += 0.25 * vec2<f32>(pixels.x, apart(pixels));
        }
        level_pixels[coarser_place(plane, at)] = mean;
    }
}
