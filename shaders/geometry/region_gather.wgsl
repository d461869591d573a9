// Regions, first stage: the sums of each class over a chunk of an item's positions. Uses lib/params lib/math lib/label lib/workspace lib/tally dtype/float operand/x0 operand/labels operand/pixels activation/softmax absent/rider geometry/places geometry/region geometry/region_quads operand/sums.
var<workgroup> lanes_hit: array<vec4<f32>, 256>;
var<workgroup> lanes_extra: array<vec4<f32>, 256>;
var<workgroup> lanes_missed: array<vec4<f32>, 256>;
// bits of the classes that hold a NaN, and the first label out of range
var<workgroup> unknown: atomic<u32>;
var<workgroup> first_bad: atomic<u32>;

// how many lanes walk a contiguous piece of a chunk together
override TEAM: u32 = 256u;

fn note_bad(position: u32, end: u32) {
    if LABELLED {
        for (var j = 0u; j < min(4u, end - position); j += 1u) {
            if target_label(position + j).bad {
                atomicMin(&first_bad, position + j);
            }
        }
    }
}

// What four positions add to the sums of a class.
struct Four {
    hit: f32,
    extra: f32,
    missed: f32,
    unknown: u32,
}

fn sum_of(four: vec4<f32>) -> f32 {
    return (four.x + four.y) + (four.z + four.w);
}

fn sums_of(quad: Quad, at: Pixels, k: u32) -> Four {
    let none = vec4<f32>(0.0);
    let probable = probabilities(logits_of(quad, k), at);
    let wanted = targets_of(quad, k);
    let nans = are_nan(probable) | are_nan(wanted);
    // what is not known and what takes no part adds nothing
    let known = quad.kept & !nans;
    let p = select(none, probable, known);
    let t = select(none, wanted, known);
    // nothing of an infinite p where its share is 0
    let hit = select(t * p, none, t == none);
    let rest = vec4<f32>(1.0) - t;
    var extra = select(rest * p, none, rest == none);
    var missed = (vec4<f32>(1.0) - p) * t;
    if SQUARED {
        extra = (p - t) * (p - t);
        missed = none;
    }
    return Four(sum_of(hit), sum_of(extra), sum_of(missed), select(0u, 1u, any(quad.kept & nans)));
}

@compute @workgroup_size(256)
fn region_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = workgroup_at(group, grid);
    let item = tile / params.chunks;
    let live = item < params.items;
    let start = (item * params.per_item) + ((tile % params.chunks) * params.chunk);
    let end = select(0u, min(start + params.chunk, (item + 1u) * params.per_item), live);
    if lane == 0u {
        atomicStore(&first_bad, NO_POSITION);
    }
    workgroupBarrier();
    var tally = tally_none();
    // four neighbours to a lane
    let rounds = params.chunk / 1024u;
    let begin = start + (4u * (((lane / TEAM) * TEAM * rounds) + (lane % TEAM)));
    for (var round = 0u; round < rounds; round += 1u) {
        let position = begin + (4u * round * TEAM);
        if position < end {
            note_bad(position, end);
            ride(quad_at(position, end), &tally);
        }
    }

    for (var block = 0u; block < params.classes; block += 4u) {
        if lane == 0u {
            atomicStore(&unknown, 0u);
        }
        var hit = vec4<f32>(0.0);
        var extra = vec4<f32>(0.0);
        var missed = vec4<f32>(0.0);
        var nans = 0u;
        for (var round = 0u; round < rounds; round += 1u) {
            let position = begin + (4u * round * TEAM);
            if position < end {
                let quad = quad_at(position, end);
                let pixels = pixels_of(quad.at);
                for (var k = 0u; k < min(4u, params.classes - block); k += 1u) {
                    let sums = sums_of(quad, pixels, block + k);
                    hit[k] += sums.hit;
                    extra[k] += sums.extra;
                    missed[k] += sums.missed;
                    nans |= sums.unknown << k;
                }
            }
        }
        lanes_hit[lane] = hit;
        lanes_extra[lane] = extra;
        lanes_missed[lane] = missed;
        workgroupBarrier();
        if nans != 0u {
            atomicOr(&unknown, nans);
        }
        // sixteen at a time, since a barrier costs more than fifteen additions
        if lane < 16u {
            for (var i = lane + 16u; i < 256u; i += 16u) {
                lanes_hit[lane] += lanes_hit[i];
                lanes_extra[lane] += lanes_extra[i];
                lanes_missed[lane] += lanes_missed[i];
            }
        }
        workgroupBarrier();
        if live && (lane < 4u) && (block + lane < params.classes) {
            var sums = vec4<f32>(0.0);
            for (var i = 0u; i < 16u; i += 1u) {
                sums += vec4<f32>(lanes_hit[i][lane], lanes_extra[i][lane], lanes_missed[i][lane], 0.0);
            }
            sums.w = select(0.0, 1.0, ((atomicLoad(&unknown) >> lane) & 1u) != 0u);
            region_sums[(tile * params.classes) + block + lane] = sums;
        }
        workgroupBarrier();
    }

    if RIDES {
        // in the memory that the sums no longer need; a chunk's count fits f32
        if lane == 0u {
            atomicStore(&unknown, 0u);
        }
        lanes_hit[lane] = vec4<f32>(tally.sum, tally.extra, tally.weight, f32(tally.count));
        workgroupBarrier();
        if tally.poison != 0u {
            atomicOr(&unknown, 1u);
        }
        if lane < 16u {
            for (var i = lane + 16u; i < 256u; i += 16u) {
                lanes_hit[lane] += lanes_hit[i];
            }
        }
        workgroupBarrier();
        var sums = vec4<f32>(0.0);
        for (var i = 0u; i < 16u; i += 1u) {
            sums += lanes_hit[i];
        }
        tally = tally_none();
        tally.sum = sums.x;
        tally.extra = sums.y;
        tally.weight = sums.z;
        tally.count = u32(sums.w);
        tally.poison = atomicLoad(&unknown);
    }
    if live && (lane == 0u) {
        let bad = atomicLoad(&first_bad);
        if bad != NO_POSITION {
            let label = target_label(bad);
            tally.bad_position = bad;
            tally.bad_low = label.low;
            tally.bad_high = label.high;
        }
        workspace.tallies[tile] = tally;
    }
}
