// The terms of a window's sums over the pixels of two pictures, about the pivot: x, x − y, x² + y², (x − y)².
// needs: lib/params geometry/pixels
// slots: apart
fn term_at(plane: u32, line: i32, column: i32, pivot: vec2<f32>) -> vec4<f32> {
    let pixels = scaled_pixels_at(plane, line, column);
    let x = pixels.x - pivot.x;
    let d = apart(pixels) - pivot.y;
    // from x and d, so that means and squares are about one and the same pivot
    let y = x - d;
    return select(vec4<f32>(nan()), vec4<f32>(x, d, (x * x) + (y * y), d * d), are_finite(pixels));
}

// The sums of a row about another pivot, which is lower than its own by `by`.
fn moved(sums: vec4<f32>, by: vec2<f32>) -> vec4<f32> {
    let y = sums.x - sums.y;
    let by_y = by.x - by.y;
    let squares = sums.z + ((by.x * (by.x + (2.0 * sums.x))) + (by_y * (by_y + (2.0 * y))));
    return vec4<f32>(sums.xy + by, squares, sums.w + (by.y * (by.y + (2.0 * sums.y))));
}

// The line or column of the pixel whose terms are at `at`: `at` itself.
fn pixel_of(at: i32) -> i32 {
    return at;
}
