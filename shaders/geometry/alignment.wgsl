// The loss of an item, and its derivative with respect to the log of the probability of its alignments.
struct AlignmentScore {
    loss: f32,
    d: f32,
}
