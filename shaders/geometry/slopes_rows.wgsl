// A block of slopes and the rows that they are the slopes of, as the two sides of a product over these rows. Uses lib/params lib/math dtype/float operand/x1 operand/factors operand/slopes.
fn own_at(row: u32, k: u32) -> f32 {
    let across = params.block.other_end - params.block.other_first;
    return slopes[((row - params.block.own_first) * across) + (k - params.block.other_first)];
}

fn other_at(column: u32, k: u32) -> f32 {
    let factor = factors[params.block.other_base + k];
    if is_nan(factor) {
        return 0.0;
    }
    return factor * x1_at((k * params.per_item) + column);
}
