// Checks the labels of all items, and stores the class of each in `symbols`. Where gradients need it, also links the labels of
// an item that name the same class, by their places in the item: `heads` gets the first, `symbols` the next.
// needs: lib/params lib/tally lib/workspace scratch/heads scratch/spans scratch/symbols
// slots: labels

// whether the labels of items follow each other without gaps
override JOINED: bool = false;
// whether labels of the same class are linked
override LINKS: bool = false;

// The item of the label at this place among the labels of all items.
fn item_of_label(place: u32) -> u32 {
    if !JOINED {
        return min(place / max(params.columns, 1u), params.items - 1u);
    }
    // the last item whose labels begin at this place or before
    var item = 0u;
    var beyond = params.items;
    for (var k = 0u; k < 32u; k += 1u) {
        let middle = item + ((beyond - item) >> 1u);
        let begins = spans[middle].first <= place;
        item = select(item, middle, begins);
        beyond = select(middle, beyond, begins);
    }
    return item;
}

@compute @workgroup_size(256)
fn alignments_labels(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let place = (workgroup * 256u) + lane;
    let item = item_of_label(place);
    let span = spans[item];
    let own = place - span.first;
    let live = (place < params.labels) & (place >= span.first) & (own < span.labels);
    var tally = tally_none();
    if live {
        let label = target_label(place);
        var next = NO_PLACE;
        if LINKS {
            for (var other = own + 1u; (other < span.labels) & (next == NO_PLACE); other += 1u) {
                let same = target_label(span.first + other);
                next = select(next, other, same.kept & (same.index == label.index));
            }
            var is_first = true;
            for (var other = 0u; (other < own) & is_first; other += 1u) {
                let same = target_label(span.first + other);
                is_first = !(same.kept & (same.index == label.index));
            }
            if is_first & label.kept {
                heads[(item * params.classes) + label.index] = own;
            }
        }
        symbols[place] = vec2<u32>(label.index, next);
        if label.bad {
            // lanes with bad labels of one item may all store this, since they store the same
            spans[item].live = 0u;
            tally.bad_position = (2u * params.items) + 1u + place;
            tally.bad_low = label.low;
            tally.bad_high = label.high;
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.labels) & (lane == 0u) {
        workspace.tallies[params.first_tally + 1u + workgroup] = merged;
    }
}
