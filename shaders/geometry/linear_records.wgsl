// Writes to `records` what the derivatives of each row's loss with respect to its logits need.
// needs: lib/math lib/params lib/workspace scratch/hits scratch/records scratch/whole_states fold/softmax
// slots: label_weight labels leaf margin mask softmax_state upstream

// whether every class has a share of the loss, not the label's class alone
override SPREADS: bool = false;

@compute @workgroup_size(256)
fn linear_records(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = (workgroup_at(group, grid) * 256u) + lane;
    if row >= params.items {
        return;
    }
    let label = target_label(row);
    let weight = label_weight(row, label);
    let s = fold_finish(whole_states[row], true, hits[row], weight);
    let score = softmax_score(s);
    let scale = scales() * upstream_at(row);
    var record: Record;
    record.live = select(0u, 1u, label.kept & (mask_at(row) != 0.0));
    record.poison = select(0u, 1u, s.poison | is_nan(scale.x));
    record.peak = s.peak;
    record.gain = ((scale.x * (score.d_nll + s.mass)) + slope_of_lse(score, scale.y)) / s.total;
    record.place = label.index;
    let slopes = fold_slopes(s, score, scale);
    if SPREADS {
        let share = softmax_share(0.0);
        record.share = slopes.share_scale * share;
        record.hit = fold_write_shared(slopes, hits[row], spared_share(hits[row], share * weight), true);
    } else {
        record.hit = fold_write(slopes, hits[row], true);
    }
    record.hit = through_margin(record.hit, row);
    records[row] = record;
}
