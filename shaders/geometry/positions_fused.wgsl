// A value for each position, from a fold over its classes; gradients in the same pass.
// needs: lib/class lib/label lib/params lib/tally lib/workspace geometry/class_axis geometry/places geometry/positions_tally geometry/positions_write
// slots: classes comparison fold labels observation position_states sweeps upstream

// whether lanes that share a position are neighbours, as classes are in a row
override ROWS: bool = false;
// whether each workgroup belongs to one item
override BY_ITEM: bool = false;
// which of these the dispatch does: all that is wanted, or only a part of it where classes are walked in ranges
override FOLDS: bool = true;
override SCORES: bool = true;
override WRITES: bool = false;

var<workgroup> states: array<State, 256>;

@compute @workgroup_size(256)
fn positions_fused(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let slots = 256u / LANES;
    let lane = select(invocation / slots, invocation % LANES, ROWS);
    let slot = select(invocation % slots, invocation / LANES, ROWS);
    var span = vec2<u32>(workgroup * params.rounds * slots, positions());
    if BY_ITEM {
        span = positions_of(workgroup);
    }
    var tally = tally_none();
    let rounds = params.rounds;
    for (var round = 0u; round < rounds; round += 1u) {
        let position = span.x + (round * slots) + slot;
        let live = position < span.y;
        let first = first_class(select(0u, position, live));
        var label = Label(0u, false, false, 0u, 0u);
        var kept = false;
        var label_class: LabelClass;
        var state = fold_empty();
        if live {
            label = target_label(position);
            kept = takes_part(position, label);
            if kept {
                label_class = position_label_class(position, first, label);
                state = state_before(position, lane);
                if FOLDS {
                    state = absorb_classes(state, first, label, label_class, classes_from(), classes_to(), lane, LANES);
                    keep_state(position, lane, state);
                }
            }
        }
        if (LANES > 1u) & (SCORES | WRITES | needs_merged_state()) {
            states[(slot * LANES) + lane] = state;
            workgroupBarrier();
            // sixteen lanes merge first, then one merges the sixteen: a barrier costs more than fifteen merges
            if LANES > 16u {
                if lane < 16u {
                    for (var other = lane + 16u; other < LANES; other += 16u) {
                        state = fold_merge(state, states[(slot * LANES) + other]);
                    }
                    states[(slot * LANES) + lane] = state;
                }
                workgroupBarrier();
            }
            // lane 0, by comparison with a parameter: if FXC knew that lane is 0, it would take seconds to compile this
            if lane < (params.sixteen >> 4u) {
                for (var other = lane + 1u; other < min(LANES, params.sixteen); other += 1u) {
                    state = fold_merge(state, states[(slot * LANES) + other]);
                }
                states[(slot * LANES) + lane] = state;
            }
            workgroupBarrier();
            state = states[slot * LANES];
            workgroupBarrier();
            // with gradients in place, no lane may write before all have read the label's class
            storageBarrier();
        }
        compare_lane(position, kept, first, label, state, lane);
        merge_compared(slot, lane);
        if live {
            let s = finish_position(state, label_class);
            let score = score_position(s);
            if SCORES & (lane == 0u) {
                tally_position(position, label, kept, s, score, &tally);
                observe_position(position, label, kept, state, s);
            }
            if WRITES {
                let slopes = slopes_of(s, score, scales() * upstream_at(position));
                write_classes(first, classes_from(), classes_to(), lane, LANES, kept, label, s, slopes);
            }
        }
    }
    if SCORES {
        let merged = tally_workgroup(tally, invocation);
        if (span.x < span.y) & (invocation == 0u) {
            workspace.tallies[workgroup] = merged;
        }
        observe_workgroup(workgroup, span.x < span.y, invocation);
    }
}
