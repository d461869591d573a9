// Writes to `factors` the factor that each row is multiplied by: 1, or 1 over the row's norm; NaN if the row is not finite, or
// its norm is too large. Several lanes share a row, and more of them share a long row.
// needs: lib/math lib/params scratch/factors geometry/row_elements
// slots: x0

// whether rows are divided by their norms
override NORMALIZE: bool = false;
// how many lanes share a row
override LANES: u32 = 16u;

// a smaller norm counts as this
const LEAST_NORM: f32 = 1e-8;
// 1 over a larger norm is no normal number, and may be 0: the row would count as a row of zeros
const MOST_NORM: f32 = 8e37;

// for each lane, the greatest magnitude or the sum of squares, and whether all its elements are finite
var<workgroup> lanes: array<f32, 256>;
var<workgroup> finite: array<u32, 256>;

@compute @workgroup_size(256)
fn rows_factors(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    let row = params.block.own_first + (workgroup_at(group, grid) * (256u / LANES)) + (invocation / LANES);
    let live = row < params.block.own_end;
    let end = select(0u, params.block.width, live);
    let lane = invocation % LANES;
    let first = invocation - lane;
    var greatest = 0.0;
    var all_finite = 1u;
    for (var k = lane; k < end; k += LANES) {
        let x = x0_at(element_of(row, k));
        if is_nan(x) | is_infinite(x) {
            all_finite = 0u;
        } else {
            greatest = max(greatest, abs(x));
        }
    }
    lanes[invocation] = greatest;
    finite[invocation] = all_finite;
    workgroupBarrier();
    for (var other = first; other < first + LANES; other += 1u) {
        greatest = max(greatest, lanes[other]);
        all_finite &= finite[other];
    }
    workgroupBarrier();
    // divides elements by the greatest before squaring, so that the sum neither overflows nor vanishes
    var squares = 0.0;
    if NORMALIZE & (all_finite != 0u) & (greatest > 0.0) {
        for (var k = lane; k < end; k += LANES) {
            let x = x0_at(element_of(row, k)) / greatest;
            squares += x * x;
        }
    }
    lanes[invocation] = squares;
    workgroupBarrier();
    if live & (lane == 0u) {
        squares = 0.0;
        for (var other = first; other < first + LANES; other += 1u) {
            squares += lanes[other];
        }
        var factor = 1.0;
        if NORMALIZE {
            let norm = greatest * sqrt(squares);
            // exactly 1e8 for a short row, by which other kernels know one: a quotient may be rounded down
            factor = select(0.0, select(1.0 / norm, 1e8, norm <= LEAST_NORM), greatest > 0.0);
            all_finite &= select(0u, 1u, norm <= MOST_NORM);
        }
        if all_finite == 0u {
            factor = nan();
        }
        factors[params.block.own_base + row] = factor;
    }
}
