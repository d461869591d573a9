// For each chunk of a sequence, the derivative of the loss of its elements with respect to the mean over the sequence.
@group(0) @binding(20) var<storage, read_write> sequence_slopes: array<f32>;
