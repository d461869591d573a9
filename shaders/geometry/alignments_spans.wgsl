// Checks how many steps and labels each item has, finds where its labels begin, and stores all that in `spans`. One workgroup
// goes through all items.
// needs: lib/params lib/tally lib/workspace operand/sequence_lengths operand/step_counts scratch/spans

// whether the labels of items follow each other without gaps
override JOINED: bool = false;

var<workgroup> label_ends: array<u32, 256>;

@compute @workgroup_size(256)
fn alignments_spans(@builtin(local_invocation_index) lane: u32) {
    let items = params.items;
    var tally = tally_none();
    // the number of labels of all items before, as 64 bits
    var before = vec2<u32>(0u);
    for (var begin = 0u; begin < items; begin += 256u) {
        let item = begin + lane;
        let near = min(item, items - 1u);
        let steps = step_count_at(near);
        let labels = sequence_length_at(near);
        let steps_fit = (steps.y == 0u) & (steps.x <= params.per_item);
        let labels_fit = (labels.y == 0u) & (labels.x <= params.longest);
        let count = select(0u, labels.x, labels_fit & (item < items));
        label_ends[lane] = count;
        workgroupBarrier();
        for (var k = 0u; k < 8u; k += 1u) {
            let reach = 1u << k;
            let own = label_ends[lane];
            let other = select(0u, label_ends[max(lane, reach) - reach], lane >= reach);
            workgroupBarrier();
            label_ends[lane] = own + other;
            workgroupBarrier();
        }
        let end = label_ends[lane];
        let total = label_ends[255];
        workgroupBarrier();
        // past the last label, all items begin at one place just behind it, so that no sum overflows
        let base = select(min(before.x, params.labels + 1u), params.labels + 1u, before.y != 0u);
        let first = select(item * params.columns, base + (end - count), JOINED);
        let held = (!JOINED) | (base + end <= params.labels);
        let live = steps_fit & labels_fit & held;
        if item < items {
            spans[item] = Span(
                first, select(0u, count, live), select(0u, steps.x, live), select(0u, 1u, live), 0.0, 0u, 0u, 0u
            );
            if !(steps_fit & labels_fit) {
                let position = select(items + item, item, !steps_fit);
                let bits = select(labels, steps, !steps_fit);
                if position < tally.bad_position {
                    tally.bad_position = position;
                    tally.bad_low = bits.x;
                    tally.bad_high = bits.y;
                }
            }
        }
        let low = before.x + total;
        before = vec2<u32>(low, before.y + select(0u, 1u, low < total));
    }
    if JOINED & (lane == 0u) & (tally.bad_position == NO_POSITION) & any(before != vec2<u32>(params.labels, 0u)) {
        // this position means that the items' lengths do not add up to the number of labels
        tally.bad_position = 2u * items;
        tally.bad_low = before.x;
        tally.bad_high = before.y;
    }
    let merged = tally_workgroup(tally, lane);
    if lane == 0u {
        workspace.tallies[params.first_tally] = merged;
    }
}
