// Writes the numbers of a position in a shard's statistics, as `geometry/shards` reads them.
// needs: operand/statistics_out

// as in `geometry/shards`
override STATISTICS: u32 = 8u;

fn store_numbers(position: u32, first: vec4<f32>, last: f32, flags: u32) {
    let at = STATISTICS * position;
    store_statistic(at, first.x);
    store_statistic(at + 1u, first.y);
    store_statistic(at + 2u, first.z);
    store_statistic(at + 3u, first.w);
    store_statistic(at + 4u, last);
    store_statistic(at + 5u, f32(flags));
    store_statistic(at + 6u, 0.0);
    store_statistic(at + 7u, 0.0);
}

// Stores the label's logit and weight, and flags that the shard has the label's class.
fn store_found(position: u32, flags: u32, x: f32, weight: f32) {
    let at = STATISTICS * position;
    store_statistic(at + 5u, f32(flags + 4u));
    store_statistic(at + 6u, x);
    store_statistic(at + 7u, weight);
}

// Writes the numbers for observations, if there are any.
fn store_notes(position: u32, notes: vec3<f32>) {
    if STATISTICS == 8u {
        return;
    }
    let at = STATISTICS * position;
    store_statistic(at + 8u, notes.x);
    store_statistic(at + 9u, notes.y);
    store_statistic(at + 10u, notes.z);
}
