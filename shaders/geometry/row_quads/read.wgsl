// A lane's fours of a row, read as often as they are asked for.
// slots: target x0

// which of them it is, where that matters
const row_quad: u32 = 0u;

struct RowQuad {
    x: vec4<f32>,
    t: vec4<f32>,
}

fn row_first(q: u32, at: u32) -> RowQuad {
    return RowQuad(x0_four(at), target_four(at));
}

fn row_again(q: u32, at: u32) -> RowQuad {
    return row_first(q, at);
}
