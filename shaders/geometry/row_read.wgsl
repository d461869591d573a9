// A lane's fours of a row, read as often as they are asked for. Uses lib/component lib/params dtype/float operand/x0 lib/label operand/labels.

// which of them it is, where that matters
const row_four: u32 = 0u;

struct RowFour {
    x: vec4<f32>,
    t: vec4<f32>,
}

fn row_first(q: u32, at: u32) -> RowFour {
    return RowFour(x0_four(at), target_four(at));
}

fn row_again(q: u32, at: u32) -> RowFour {
    return row_first(q, at);
}
