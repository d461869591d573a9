// For each step of a block and each node, the probability of all beginnings of alignments that have come to the node.
// needs: lib/scaled
@group(0) @binding(19) var<storage, read_write> alphas: array<Scaled>;
