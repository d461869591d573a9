// Regions, first stage: writes the sums of each class over a chunk of an item's positions, and tallies a fused loss.
// needs: lib/params lib/tally lib/workspace geometry/places geometry/region_sums
// slots: class_sums classes count fused_loss labels
@compute @workgroup_size(256)
fn region_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let span = positions_of(workgroup);
    let live = span.x < span.y;
    if lane == 0u {
        atomicStore(&first_bad, NO_POSITION);
    }
    workgroupBarrier();
    var tally = tally_none();
    // where classes are walked in ranges, a fused loss that scores each class by itself is tallied by the dispatches that make
    // the sums: each one continues the tally that the dispatch before it has stored
    let goes_on = SCORES_CLASSES & SUMS & !FOLDS;
    if goes_on & live & (lane == 0u) {
        tally = workspace.tallies[workgroup];
    }
    // each lane takes four neighbours
    let rounds = params.chunk / 1024u;
    let begin = span.x + (4u * (((lane / TEAM) * TEAM * rounds) + (lane % TEAM)));
    sum_classes(begin, span.y, rounds, workgroup, lane, &tally);

    if FUSES {
        // merges the tallies of the fused loss, in memory that the sums no longer need; a chunk's count is exact in f32
        if lane == 0u {
            atomicStore(&unknown, 0u);
        }
        lanes_a[lane] = vec4<f32>(tally.sum, tally.extra, tally.weight, f32(tally.count));
        workgroupBarrier();
        if tally.poison != 0u {
            atomicOr(&unknown, 1u);
        }
        if lane < 16u {
            for (var i = lane + 16u; i < 256u; i += 16u) {
                lanes_a[lane] += lanes_a[i];
            }
        }
        workgroupBarrier();
        var sums = vec4<f32>(0.0);
        for (var i = 0u; i < 16u; i += 1u) {
            sums += lanes_a[i];
        }
        tally = tally_none();
        tally.sum = sums.x;
        tally.extra = sums.y;
        tally.weight = sums.z;
        tally.count = Count(sums.w);
        tally.poison = atomicLoad(&unknown);
    }
    workgroupBarrier();
    if live & (lane == 0u) & ((FOLDS & classes_end()) | goes_on) {
        let bad = atomicLoad(&first_bad);
        if bad != NO_POSITION {
            let label = target_label(bad);
            tally.bad_position = bad;
            tally.bad_low = label.low;
            tally.bad_high = label.high;
        }
        if goes_on {
            // an earlier dispatch has checked the labels
            let before = workspace.tallies[workgroup];
            tally.bad_position = before.bad_position;
            tally.bad_low = before.bad_low;
            tally.bad_high = before.bad_high;
        }
        workspace.tallies[workgroup] = tally;
    }
}
