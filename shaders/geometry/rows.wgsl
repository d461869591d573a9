// Two operands' rows as they are multiplied with each other, nothing of what is not known among them. Uses lib/params lib/math dtype/float operand/x0 operand/x1 operand/factors geometry/row_elements.
fn own_at(row: u32, k: u32) -> f32 {
    let factor = factors[params.block.own_base + row];
    if is_nan(factor) {
        return 0.0;
    }
    return factor * x0_at(element_of(row, k));
}

fn other_at(row: u32, k: u32) -> f32 {
    let factor = factors[params.block.other_base + row];
    if is_nan(factor) {
        return 0.0;
    }
    return factor * x1_at(element_of(row, k));
}

// Whether a product of two rows is known.
fn known(own: u32, other: u32) -> bool {
    return !is_nan(factors[params.block.own_base + own]) && !is_nan(factors[params.block.other_base + other]);
}
