// The pixels of the first picture, and how far those of the second lie below them, at each level from the second on, of some
// planes at a time.
// needs: lib/params
@group(0) @binding(10) var<storage, read_write> level_pixels: array<vec2<f32>>;

// The place of the element `i` of a level. Plane 0 would begin at `block.own_base`, which is negative, and wraps, where the
// memory holds later planes.
fn level_place(i: u32) -> u32 {
    return params.block.own_base + i;
}
