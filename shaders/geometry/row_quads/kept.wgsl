// A lane's fours of a row, which are so few that it reads them once and keeps them: their number is told when the text is joined, and loops over them are written out.
// slots: target x0
const ROW_QUADS: u32 = 4u;

// which of them it is: a loop that is written out tells it anew at each turn
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
