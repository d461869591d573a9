// Checks the label and the segment of each row, and writes the segment and −log p of the label to `segment_rows`.
// needs: lib/params lib/tally lib/workspace fold/softmax operand/segments scratch/hits scratch/segment_rows scratch/whole_states
// slots: labels
@compute @workgroup_size(256)
fn segments_rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = (workgroup * 256u) + lane;
    var tally = tally_none();
    if row < params.items {
        let label = target_label(row);
        let segment = segment_at(row);
        let inside = (segment.y == 0u) & (segment.x < params.segments);
        let s = fold_finish(whole_states[row], true, hits[row], 1.0);
        let own = select(NO_SEGMENT, segment.x, label.kept & inside);
        segment_rows[row] = SegmentRow(own, select(s.nll, nan(), s.poison));
        if label.bad | !inside {
            // the positions of segments come after those of all labels
            tally.bad_position = select(params.items + row, row, label.bad);
            tally.bad_low = select(segment.x, label.low, label.bad);
            tally.bad_high = select(segment.y, label.high, label.bad);
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.items) & (lane == 0u) {
        workspace.tallies[params.first_tally + workgroup] = merged;
    }
}
