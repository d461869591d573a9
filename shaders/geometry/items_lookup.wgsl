// Checks each item's index, which is read as a label; looks up the table's number at it; and stores in `items_out` the numbers
// that the leaf computes from it, with 1 behind them, or zeros if the item takes no part.
// needs: lib/math lib/params lib/tally lib/workspace operand/table
// slots: labels leaf
@group(0) @binding(18) var<storage, read_write> items_out: array<vec4<f32>>;

@compute @workgroup_size(256)
fn items_lookup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let item = (workgroup * 256u) + lane;
    var tally = tally_none();
    if item < params.items {
        let label = target_label(item);
        var found = vec4<f32>(0.0);
        if label.kept {
            let number = table_at(label.index);
            let of_item = element_item(number);
            let unknown = is_nan(number) | is_infinite(number);
            found = vec4<f32>(select(of_item, vec3<f32>(nan()), unknown), 1.0);
        }
        items_out[item] = found;
        if label.bad {
            tally.bad_position = item;
            tally.bad_low = label.low;
            tally.bad_high = label.high;
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.items) & (lane == 0u) {
        workspace.tallies[params.first_tally + workgroup] = merged;
    }
}
