// Writes the statistics of one shard.
// needs: lib/params
@group(0) @binding(9) var<storage, read_write> statistics_out: array<f32>;

fn store_statistic(i: u32, value: f32) {
    statistics_out[i + base(9u)] = value;
}
