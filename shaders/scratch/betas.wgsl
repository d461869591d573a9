// For each step of a block of steps and each node, the probability of all ways in which alignments go on from the node at that
// step to the end, the node's own probability included.
// needs: lib/scaled
@group(0) @binding(20) var<storage, read_write> betas: array<Scaled>;
