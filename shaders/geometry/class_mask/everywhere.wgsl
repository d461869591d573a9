// No mask of single classes: a class takes part wherever its position does.
// needs: geometry/region_quads
fn kept_in_class(quad: Quad, k: u32) -> vec4<bool> {
    return quad.kept;
}
