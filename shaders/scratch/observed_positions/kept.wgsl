// The predicted class and the label's log-probability of each position. They are in one binding, since a walk's kernel has no
// room for two.
// needs: lib/params
struct ObservedPosition {
    // the class with the greatest logit, and the log of the label's probability
    predicted: u32,
    log_prob: f32,
}

@group(0) @binding(21) var<storage, read_write> observed_positions: array<ObservedPosition>;

fn keep_observed(position: u32, predicted: u32, log_prob: f32) {
    observed_positions[position + base(21u)] = ObservedPosition(predicted, log_prob);
}

fn observed_position(position: u32) -> ObservedPosition {
    return observed_positions[position + base(21u)];
}
