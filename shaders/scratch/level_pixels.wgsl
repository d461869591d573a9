// The pixels of the first picture (x), and those less the second picture's (y), at each level from the second on. Memory holds
// some planes at a time.
// needs: lib/params
@group(0) @binding(10) var<storage, read_write> level_pixels: array<vec2<f32>>;

// The place of the element `i` of a level. `block.own_base` is where plane 0 would begin: if the memory holds later planes,
// that is negative, and wraps.
fn level_place(i: u32) -> u32 {
    return params.block.own_base + i;
}
