// Reads the numbers of a position, or of a row, in the statistics of all shards.
// needs: lib/params operand/statistics geometry/places

// How many numbers a shard's statistics have for each position: the five of its state, the state's flags, and the label's logit
// and weight. The flags also say whether the shard has the label's class. Three more are for observations.
override STATISTICS: u32 = 8u;
// added to the flags of a state if the shard has the label's class
const FOUND: u32 = 4u;

// whether the statistics are of rows, of which each has per_item elements
override OF_ROWS: bool = false;

fn of_shard(shard: u32, position: u32, k: u32) -> f32 {
    let all = select(positions(), params.items, OF_ROWS);
    return statistic_at((((shard * all) + position) * STATISTICS) + k);
}

// The numbers for observations.
fn notes_of_shard(shard: u32, position: u32) -> vec3<f32> {
    if STATISTICS == 8u {
        return vec3<f32>(0.0);
    }
    return vec3<f32>(of_shard(shard, position, 8u), of_shard(shard, position, 9u), of_shard(shard, position, 10u));
}

fn first_of_shard(shard: u32, position: u32) -> vec4<f32> {
    return vec4<f32>(
        of_shard(shard, position, 0u),
        of_shard(shard, position, 1u),
        of_shard(shard, position, 2u),
        of_shard(shard, position, 3u),
    );
}

// Number `k` of the shard that has the label's class; 0 if none has it.
fn of_label(position: u32, k: u32) -> f32 {
    for (var shard = 0u; shard < params.shards; shard += 1u) {
        if u32(of_shard(shard, position, 5u)) >= FOUND {
            return of_shard(shard, position, k);
        }
    }
    return 0.0;
}
