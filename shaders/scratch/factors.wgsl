// The factor of each row: 1/norm (0 for a norm of 0), or 1 without normalisation; NaN if an element is not finite,
// or the norm is too large for 1/norm to be a normal number.
@group(0) @binding(15) var<storage, read_write> factors: array<f32>;
