// The derivative with respect to the label's logit, taken through the margin of its cosine.
// needs: scratch/margin_slopes
fn through_margin(d: f32, row: u32) -> f32 {
    return d * margin_slopes[row];
}
