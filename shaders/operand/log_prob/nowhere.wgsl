// No log-probability is wanted.
fn store_log_prob(position: u32, number: f32) {}
