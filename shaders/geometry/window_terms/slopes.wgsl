// The terms of a pixel's sums over the windows that contain it. The first two are the derivatives with respect to the pixel of
// `x` and to that of `y`, taken where both pixels equal the pivot. The last two are half the rates at which these derivatives
// change: with the pixel itself, and with x − y (for y, with y − x).
// needs: lib/params geometry/pixels geometry/window_maps scratch/window_slopes/held
fn term_at(plane: u32, line: i32, column: i32, pivot: vec2<f32>) -> vec4<f32> {
    let size = map_size();
    let inside = (line >= 0) & (column >= 0) & (line < i32(size.y)) & (column < i32(size.x));
    let at = select(0u, held_place(plane, u32(max(line, 0)), u32(max(column, 0))), inside);
    let slopes = window_slopes[at];
    // the means are about the pixel in the middle of the window
    let means = window_means[at] + (pivot_at(plane, pixel_of(line), pixel_of(column)) - pivot);
    let of_x = means.x * slopes.z;
    let of_y = (means.x - means.y) * slopes.z;
    let of_d = means.y * slopes.w;
    let terms = vec4<f32>(
        (slopes.x + slopes.y) - (2.0 * (of_x + of_d)), -slopes.y - (2.0 * (of_y - of_d)), slopes.z, slopes.w
    );
    return select(vec4<f32>(0.0), terms, inside);
}

// The sums of a row about another pivot, which is lower than its own by `by`.
fn moved(sums: vec4<f32>, by: vec2<f32>) -> vec4<f32> {
    let of_d = by.y * sums.w;
    let of_x = (by.x * sums.z) + of_d;
    let of_y = ((by.x - by.y) * sums.z) - of_d;
    return vec4<f32>(sums.xy - (2.0 * vec2<f32>(of_x, of_y)), sums.zw);
}

// The line or column of the pixel in the middle of the windows at this line or column of the map.
fn pixel_of(at: i32) -> i32 {
    return at + (i32(params.window / 2u) - i32(params.margin));
}
