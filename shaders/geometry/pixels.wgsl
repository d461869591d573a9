// Reads the pixels of two pictures.
// needs: lib/math lib/params
// slots: apart leaf x0 x1

// The element of a pixel. Planes are counted through all items.
fn element_of_pixel(plane: u32, line: u32, column: u32) -> u32 {
    let item = plane / params.classes;
    let begin = (item * params.classes * params.block.height * params.block.width) + ((plane % params.classes) * params.block.plane);
    return begin + (((line * params.block.width) + column) * params.block.step);
}

// A pixel of both pictures times `unit`; or the pixel of the first and the difference of both, at levels that hold this
// difference (see `apart`). Zeros outside.
fn pixels_times(unit: f32, plane: u32, line: i32, column: i32) -> vec2<f32> {
    let inside =
        (line >= 0) & (column >= 0) & (line < i32(params.block.height)) & (column < i32(params.block.width));
    // outside, the nearest pixel is read, since only a band of rows may be bound
    let near_line = u32(clamp(line, 0, i32(params.block.height) - 1));
    let near_column = u32(clamp(column, 0, i32(params.block.width) - 1));
    let i = element_of_pixel(plane, near_line, near_column);
    // multiplied within the select: after it, a compiler may take the unit out of differences and reorder these
    return select(vec2<f32>(0.0), unit * vec2<f32>(x0_at(i), x1_at(i)), inside);
}

fn pixels_at(plane: u32, line: i32, column: i32) -> vec2<f32> {
    return pixels_times(1.0, plane, line, column);
}

fn are_finite(pixels: vec2<f32>) -> bool {
    return !(is_nan(pixels.x) | is_infinite(pixels.x) | is_nan(pixels.y) | is_infinite(pixels.y));
}

// A pixel of both pictures in the unit of the leaf, in which windows are summed and scored.
fn scaled_pixels_at(plane: u32, line: i32, column: i32) -> vec2<f32> {
    return pixels_times(window_unit(), plane, line, column);
}

// The pixel of `x` and the difference `x − y`, or zeros if they are not finite. Sums over the windows around the pixel are
// taken about these two numbers (the pivot), so that they keep their digits.
fn pivot_at(plane: u32, line: i32, column: i32) -> vec2<f32> {
    let pixels = scaled_pixels_at(plane, line, column);
    return select(vec2<f32>(0.0), vec2<f32>(pixels.x, apart(pixels)), are_finite(pixels));
}
