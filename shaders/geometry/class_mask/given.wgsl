// A mask with a number for each element: it may leave out a class at a position where other classes take part.
// needs: geometry/region_quads
// slots: mask
fn kept_in_class(quad: Quad, k: u32) -> vec4<bool> {
    let at = elements_of(quad, k);
    return quad.kept & vec4<bool>(mask_at(at.x) != 0.0, mask_at(at.y) != 0.0, mask_at(at.z) != 0.0, mask_at(at.w) != 0.0);
}
