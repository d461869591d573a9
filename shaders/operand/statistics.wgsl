// The statistics of all shards of a batch that is spread over devices, shard by shard.
// needs: lib/params dtype/float
@group(0) @binding(9) var<storage, read> statistics: array<u32>;

override STATISTICS_DTYPE: u32 = 0u;

fn statistic_at(i: u32) -> f32 {
    let element = i + base(9u);
    return decode(statistics[word_of(element, STATISTICS_DTYPE)], element, STATISTICS_DTYPE);
}
