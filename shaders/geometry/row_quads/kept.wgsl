// A lane's quads of a row, which are so few that the lane reads them once and keeps them. src/gpu/target.rs sets their number,
// and unrolls loops over them.
// slots: target x0
const ROW_QUADS: u32 = 4u;

// which quad it is: an unrolled loop redefines it at each turn
const row_quad: u32 = 0u;

struct RowQuad {
    x: vec4<f32>,
    t: vec4<f32>,
}

var<private> kept_row: array<RowQuad, ROW_QUADS>;

fn row_first(q: u32, at: u32) -> RowQuad {
    kept_row[q] = RowQuad(x0_four(at), target_four(at));
    return kept_row[q];
}

fn row_again(q: u32, at: u32) -> RowQuad {
    return kept_row[q];
}
