// What a reduced loss needs to know of some of its values; tallies merge, in a fixed order.
struct Tally {
    sum: f32,
    // the part of the loss that a mean divides by the count, whatever the weights
    extra: f32,
    weight: f32,
    count: u32,
    // whether a value is NaN: a flag, since a sum of NaN may come out as anything
    poison: u32,
    // the first label out of range, its place and its 64 bits
    bad_position: u32,
    bad_low: u32,
    bad_high: u32,
}

const NO_POSITION: u32 = 0xffffffffu;

fn tally_none() -> Tally {
    return Tally(0.0, 0.0, 0.0, 0u, 0u, NO_POSITION, 0u, 0u);
}

fn tally_merge(a: Tally, b: Tally) -> Tally {
    var merged = a;
    merged.sum += b.sum;
    merged.extra += b.extra;
    merged.weight += b.weight;
    merged.count += b.count;
    merged.poison |= b.poison;
    if b.bad_position < a.bad_position {
        merged.bad_position = b.bad_position;
        merged.bad_low = b.bad_low;
        merged.bad_high = b.bad_high;
    }
    return merged;
}

var<workgroup> tallies_shared: array<Tally, 256>;

// The workgroup's tally, in invocation 0: sixteen at a time, since a barrier costs more than fifteen additions.
fn tally_workgroup(own: Tally, lane: u32) -> Tally {
    tallies_shared[lane] = own;
    workgroupBarrier();
    if lane < 16u {
        var merged = tallies_shared[lane];
        for (var i = lane + 16u; i < 256u; i += 16u) {
            merged = tally_merge(merged, tallies_shared[i]);
        }
        tallies_shared[lane] = merged;
    }
    workgroupBarrier();
    var merged = tallies_shared[0];
    if lane == 0u {
        for (var i = 1u; i < 16u; i += 1u) {
            merged = tally_merge(merged, tallies_shared[i]);
        }
    }
    return merged;
}
