// The gradients with respect to `level_pixels`, each in its pixel's place.
@group(0) @binding(14) var<storage, read_write> level_gradients: array<vec2<f32>>;
