// A level of the first of two pictures, or of their difference, in place of an element operand. Written for x0; the linker
// makes x1, x2 and x3 from it.
// needs: scratch/level_pixels
override X0_SECOND: bool = false;

fn x0_at(i: u32) -> f32 {
    let pixels = level_pixels[level_place(i)];
    return select(pixels.x, pixels.y, X0_SECOND);
}

fn x0_four(i: u32) -> vec4<f32> {
    return vec4<f32>(x0_at(i), x0_at(i + 1u), x0_at(i + 2u), x0_at(i + 3u));
}
