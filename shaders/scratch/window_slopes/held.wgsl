// For each window of a band: the derivatives of the loss with respect to its statistics (slopes), and its means less the pixels
// in its middle.
@group(0) @binding(21) var<storage, read_write> window_slopes: array<vec4<f32>>;
@group(0) @binding(18) var<storage, read_write> window_means: array<vec2<f32>>;

fn hold_window(at: u32, slopes: vec4<f32>, means: vec2<f32>) {
    window_slopes[at] = slopes;
    window_means[at] = means;
}
