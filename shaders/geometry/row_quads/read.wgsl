// A lane's quads of a row, read each time that they are needed.
// slots: target x0

// which quad it is; the functions of this file ignore it
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
