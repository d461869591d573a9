// The parts' sums are not wanted in a tensor.
fn store_part_sums(entry: u32, sum: f32, denominator: f32, weight: f32) {}
