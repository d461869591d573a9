// Regions, first stage: the sums of each class over a chunk of an item's positions. Uses lib/params lib/math lib/label lib/workspace lib/tally dtype/float operand/x0 operand/labels operand/pixels activation/softmax absent/rider geometry/places geometry/region operand/sums.
var<workgroup> lanes_hit: array<vec4<f32>, 256>;
var<workgroup> lanes_extra: array<vec4<f32>, 256>;
var<workgroup> lanes_missed: array<vec4<f32>, 256>;
// bits of the classes that hold a NaN, and the first label out of range
var<workgroup> unknown: atomic<u32>;
var<workgroup> first_bad: atomic<u32>;

@compute @workgroup_size(256)
fn region_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = (group.y * grid.x) + group.x;
    let item = tile / params.chunks;
    let live = item < params.items;
    let start = (item * params.per_item) + ((tile % params.chunks) * params.chunk);
    let end = select(0u, min(start + params.chunk, (item + 1u) * params.per_item), live);
    if lane == 0u {
        atomicStore(&first_bad, NO_POSITION);
    }
    workgroupBarrier();
    var tally = tally_none();
    for (var position = start + lane; position < end; position += 256u) {
        let label = target_label(position);
        if label.bad {
            atomicMin(&first_bad, position);
        }
        ride(position, label, &tally);
    }

    for (var block = 0u; block < params.classes; block += 4u) {
        if lane == 0u {
            atomicStore(&unknown, 0u);
        }
        var hit = vec4<f32>(0.0);
        var extra = vec4<f32>(0.0);
        var missed = vec4<f32>(0.0);
        var nans = 0u;
        for (var position = start + lane; position < end; position += 256u) {
            let label = target_label(position);
            if !label.kept {
                continue;
            }
            let first = first_class(position);
            let pixel = pixel_of(position);
            for (var k = 0u; k < 4u; k += 1u) {
                if block + k >= params.classes {
                    break;
                }
                let element = first + ((block + k) * params.class_stride);
                let p = probability(x0_at(element), pixel);
                let t = target_of(label, element, block + k);
                if is_nan(p) || is_nan(t) {
                    nans |= 1u << k;
                    continue;
                }
                hit[k] += part_of(t, p);
                extra[k] += select(part_of(1.0 - t, p), (p - t) * (p - t), SQUARED);
                missed[k] += select((1.0 - p) * t, 0.0, SQUARED);
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
