// Probabilities by a sigmoid of each element. Uses lib/params lib/math.

// Whether the classes of a position hang together.
const COUPLED: bool = false;

fn prepare_pixel(position: u32) {}

fn probability(x: f32, position: u32) -> f32 {
    if is_nan(x) {
        return x;
    }
    return sigmoid(x);
}

fn chain(p: f32, slope: f32, pull: f32) -> f32 {
    return slope * p * (1.0 - p);
}
