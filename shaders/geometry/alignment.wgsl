// The result of a leaf of alignments: the loss of an item, and its derivative with respect to the log of the probability of all
// the item's alignments.
struct AlignmentScore {
    loss: f32,
    d: f32,
}
