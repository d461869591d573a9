// For each segment, its log-ratio, and the slope of its rows: the derivative of the loss with respect to −log p of each row.
struct SegmentScore {
    // its log-probability less its reference
    log_ratio: f32,
    // the factor of each row's log-probability in the segment's: 1, or 1 over the number of rows
    share: f32,
    // the derivative of the loss with respect to −log p of each row, as far as it differs from segment to segment
    slope: f32,
}

@group(0) @binding(21) var<storage, read_write> segment_scores: array<SegmentScore>;
