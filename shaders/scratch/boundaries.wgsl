// The sums at the last step before each block of steps, or at the first step after it where the walk goes backward.
// needs: lib/scaled
@group(0) @binding(21) var<storage, read_write> boundaries: array<Scaled>;
