// The nodes' sums at the last step before each block of steps; where the walk goes backward, at the first step after the block.
// needs: lib/scaled
@group(0) @binding(21) var<storage, read_write> boundaries: array<Scaled>;
