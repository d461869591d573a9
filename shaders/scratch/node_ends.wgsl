// For each item, the sums of its last two nodes at its last step.
// needs: lib/scaled
@group(0) @binding(23) var<storage, read_write> node_ends: array<Scaled>;
