// The derivative of the loss with respect to −log p of a row: the slope of the row's segment, or 0 if the row takes no part.
// needs: scratch/segment_rows scratch/segment_scores
fn segment_slope(row: u32) -> f32 {
    let segment = segment_rows[row].segment;
    let known = segment != NO_SEGMENT;
    return select(0.0, segment_scores[select(0u, segment, known)].slope, known);
}
