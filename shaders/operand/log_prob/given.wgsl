// Writes the log of the probability of each position's label.
// needs: lib/params
@group(0) @binding(16) var<storage, read_write> log_prob: array<f32>;

fn store_log_prob(position: u32, number: f32) {
    log_prob[position + base(16u)] = number;
}
