// For each item, the sums of its last node and of the node before it at the item's last step.
// needs: lib/scaled
@group(0) @binding(23) var<storage, read_write> node_ends: array<Scaled>;
