// A mask of elements: it may leave a class out at a position where others take part.
// needs: geometry/region_quads
// slots: mask
fn kept_in_class(quad: Quad, k: u32) -> vec4<bool> {
    let at = elements_of(quad, k);
    return quad.kept & vec4<bool>(mask_at(at.x) != 0.0, mask_at(at.y) != 0.0, mask_at(at.z) != 0.0, mask_at(at.w) != 0.0);
}
