// No observation of each position is wanted.
fn keep_observed(position: u32, predicted: u32, log_prob: f32) {}
