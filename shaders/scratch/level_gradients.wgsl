// The derivatives of the loss with respect to the two pictures' pixels that `level_pixels` holds, in the same places.
@group(0) @binding(14) var<storage, read_write> level_gradients: array<vec2<f32>>;
