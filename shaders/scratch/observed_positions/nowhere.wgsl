// Nothing is asked of each position.
fn keep_observed(position: u32, predicted: u32, log_prob: f32) {}
