// The label's logit and weight, if classes are spread over devices: one shard has its class, the others store zeros.
// needs: lib/label lib/params operand/statistics geometry/places

// How many numbers a shard's statistics have for each position: the six of its state, and the label's logit and weight. The
// flags of the state also say whether the shard has the label's class.
const STATISTICS: u32 = 8u;
// added to the flags of a state if the shard has the label's class
const FOUND: u32 = 4u;

fn of_shard(shard: u32, position: u32, k: u32) -> f32 {
    return statistic_at((((shard * positions()) + position) * STATISTICS) + k);
}

fn of_label(position: u32, k: u32) -> f32 {
    for (var shard = 0u; shard < params.shards; shard += 1u) {
        if u32(of_shard(shard, position, 5u)) >= FOUND {
            return of_shard(shard, position, k);
        }
    }
    return 0.0;
}

fn label_weight(position: u32, label: Label) -> f32 {
    return of_label(position, 7u);
}
