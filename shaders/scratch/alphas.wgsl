// For each step of a block of steps and each node, the probability of all ways in which alignments come to the node at that
// step, the node's own probability included.
// needs: lib/scaled
@group(0) @binding(19) var<storage, read_write> alphas: array<Scaled>;
