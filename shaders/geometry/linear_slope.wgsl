// The derivative of the loss with respect to a logit. Uses lib/params lib/math dtype/float operand/x0 operand/x1 operand/factors absent/bias operand/records geometry/row_elements geometry/rows geometry/linear_pairs.
fn pair_slope(z: f32, own: u32, other: u32) -> f32 {
    let row = select(params.block.own_base + own, params.block.other_base + other, OTHER_SCORES);
    let record = records[row];
    if record.live == 0u {
        return 0.0;
    }
    if record.poison != 0u {
        return nan();
    }
    if record.place == select(other, own, OTHER_SCORES) {
        return record.hit;
    }
    return record_gain(record, z) - record.share;
}
