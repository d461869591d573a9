// For each step of a block and each node, the probability of all ends of alignments from the node on.
// needs: lib/scaled
@group(0) @binding(20) var<storage, read_write> betas: array<Scaled>;
