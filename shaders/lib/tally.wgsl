// A tally: the sum, weight and count of some values, usually those of a workgroup, from which a loss is reduced. Tallies merge
// in a fixed order.
// slots: count
struct Tally {
    sum: f32,
    // the extra loss, which a mean divides by the count, not by the weights
    extra: f32,
    weight: f32,
    count: Count,
    // whether a value is NaN: a flag, because a sum with a NaN may come out as anything
    poison: u32,
    // the first label out of range: its position and its 64 bits
    bad_position: u32,
    bad_low: u32,
    bad_high: u32,
}

const NO_POSITION: u32 = 0xffffffffu;

fn tally_none() -> Tally {
    return Tally(0.0, 0.0, 0.0, NO_COUNT, 0u, NO_POSITION, 0u, 0u);
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

var<workgroup> tally_sums: array<vec3<f32>, 256>;
var<workgroup> tally_counts: array<Count, 256>;
// NaN and bad labels are rare, so only the lanes that have one merge it
var<workgroup> tally_poison: atomic<u32>;
var<workgroup> tally_first_bad: atomic<u32>;
var<workgroup> tally_bad: vec2<u32>;

// Merges the tallies of a workgroup; invocation 0 gets the result. Sixteen lanes sum first, then one sums the sixteen: a
// barrier costs more than fifteen additions.
fn tally_workgroup(own: Tally, lane: u32) -> Tally {
    var sums = vec3<f32>(own.sum, own.extra, own.weight);
    var count = own.count;
    tally_sums[lane] = sums;
    tally_counts[lane] = count;
    if lane == 0u {
        atomicStore(&tally_poison, 0u);
        atomicStore(&tally_first_bad, NO_POSITION);
        tally_bad = vec2<u32>(0u, 0u);
    }
    workgroupBarrier();
    if own.poison != 0u {
        atomicOr(&tally_poison, own.poison);
    }
    if own.bad_position != NO_POSITION {
        atomicMin(&tally_first_bad, own.bad_position);
    }
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            sums += tally_sums[i];
            count += tally_counts[i];
        }
        tally_sums[lane] = sums;
        tally_counts[lane] = count;
    }
    workgroupBarrier();
    if (own.bad_position != NO_POSITION) & (own.bad_position == atomicLoad(&tally_first_bad)) {
        tally_bad = vec2<u32>(own.bad_low, own.bad_high);
    }
    workgroupBarrier();
    var merged = own;
    if lane == 0u {
        for (var i = 1u; i < 16u; i += 1u) {
            sums += tally_sums[i];
            count += tally_counts[i];
        }
        merged = Tally(sums.x, sums.y, sums.z, count, atomicLoad(&tally_poison), atomicLoad(&tally_first_bad), 0u, 0u);
        if merged.bad_position != NO_POSITION {
            merged.bad_low = tally_bad.x;
            merged.bad_high = tally_bad.y;
        }
    }
    return merged;
}
