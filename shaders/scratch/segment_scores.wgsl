// The log-probability of each segment beside its reference, and the slopes that its rows get.
struct SegmentScore {
    // its log-probability less its reference
    log_ratio: f32,
    // the share that the log-probability of each row has in the segment's
    share: f32,
    // the derivative of the loss with respect to −log p of each row, as far as it differs from segment to segment
    slope: f32,
}

@group(0) @binding(21) var<storage, read_write> segment_scores: array<SegmentScore>;
