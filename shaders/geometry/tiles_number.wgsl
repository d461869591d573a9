// Writes the gradient of the number that all products are multiplied by, or of the number that is added to all scores: the sum
// of `row_sums` over all rows.
// needs: lib/math lib/params scratch/row_sums
// slots: dx0

// whether the number is the one that is added
override ADDED: bool = false;

var<workgroup> lanes: array<f32, 256>;
var<workgroup> unknowns: array<u32, 256>;

fn row_sum_of(row: u32) -> f32 {
    if row >= params.block.own_end {
        return 0.0;
    }
    return select(row_sums[row].x, row_sums[row].y, ADDED);
}

@compute @workgroup_size(256)
fn tiles_number(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    var unknown = 0u;
    for (var row = lane; row < params.block.own_end; row += 1024u) {
        // sums four first, so that the long sum has fewer steps
        let a = row_sum_of(row);
        let b = row_sum_of(row + 256u);
        let c = row_sum_of(row + 512u);
        let d = row_sum_of(row + 768u);
        if is_nan(a) | is_nan(b) | is_nan(c) | is_nan(d) {
            unknown = 1u;
        }
        sum += (a + b) + (c + d);
    }
    lanes[lane] = sum;
    unknowns[lane] = unknown;
    workgroupBarrier();
    if lane < 16u {
        for (var other = lane + 16u; other < 256u; other += 16u) {
            sum += lanes[other];
            unknown |= unknowns[other];
        }
        lanes[lane] = sum;
        unknowns[lane] = unknown;
    }
    workgroupBarrier();
    if lane == 0u {
        for (var other = 1u; other < 16u; other += 1u) {
            sum += lanes[other];
            unknown |= unknowns[other];
        }
        store_dx0(0u, select(sum, nan(), unknown != 0u));
    }
}
