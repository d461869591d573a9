// The products of 64 rows with 64 others: a lane owns four of each. Uses lib/params lib/math dtype/float operand/x0 operand/x1 operand/factors geometry/row_elements geometry/rows.

// whether neighbouring elements of memory belong to neighbouring rows, rather than to one: lanes are laid out by it
override OWN_ACROSS: bool = false;
override OTHER_ACROSS: bool = false;

// Sixteen elements of 64 rows, four rows to an entry; a pitch of 17 keeps lanes that write out of each other's banks.
var<workgroup> own_tile: array<vec4<f32>, 272>;
var<workgroup> other_tile: array<vec4<f32>, 272>;

fn own_four(row: u32, rows: u32, k: u32, depth: u32) -> vec4<f32> {
    var four = vec4<f32>(0.0);
    if k < depth {
        if row < rows {
            four.x = own_at(row, k);
        }
        if row + 1u < rows {
            four.y = own_at(row + 1u, k);
        }
        if row + 2u < rows {
            four.z = own_at(row + 2u, k);
        }
        if row + 3u < rows {
            four.w = own_at(row + 3u, k);
        }
    }
    return four;
}

fn other_four(row: u32, rows: u32, k: u32, depth: u32) -> vec4<f32> {
    var four = vec4<f32>(0.0);
    if k < depth {
        if row < rows {
            four.x = other_at(row, k);
        }
        if row + 1u < rows {
            four.y = other_at(row + 1u, k);
        }
        if row + 2u < rows {
            four.z = other_at(row + 2u, k);
        }
        if row + 3u < rows {
            four.w = other_at(row + 3u, k);
        }
    }
    return four;
}

// The products of a lane's four own rows, a column each, with its four others, at one element.
fn outer(k: u32, lane: u32) -> mat4x4<f32> {
    let own = own_tile[(k * 17u) + (lane / 16u)];
    let other = other_tile[(k * 17u) + (lane % 16u)];
    return mat4x4<f32>(own.x * other, own.y * other, own.z * other, own.w * other);
}

// `start` and the products of rows from `own` to below `own_end` with those from `other`, over elements `begin` to `end`:
// sixteen at a time, so that the long sum has few steps, and has the same bits wherever it is cut between two sixteens.
fn tile_products(
    start: mat4x4<f32>,
    own: u32,
    own_end: u32,
    other: u32,
    other_end: u32,
    begin: u32,
    end: u32,
    lane: u32,
) -> mat4x4<f32> {
    var total = start;
    let low = lane % 16u;
    let high = lane / 16u;
    let own_k = select(low, high, OWN_ACROSS);
    let own_group = select(high, low, OWN_ACROSS);
    let other_k = select(low, high, OTHER_ACROSS);
    let other_group = select(high, low, OTHER_ACROSS);
    for (var step = 0u; step < params.block.steps; step += 1u) {
        let first = begin + (16u * step);
        own_tile[(own_k * 17u) + own_group] = own_four(own + (4u * own_group), own_end, first + own_k, end);
        other_tile[(other_k * 17u) + other_group] =
            other_four(other + (4u * other_group), other_end, first + other_k, end);
        workgroupBarrier();
        var few = outer(0u, lane);
        for (var k = 1u; k < 16u; k += 5u) {
            few += outer(k, lane);
            few += outer(k + 1u, lane);
            few += outer(k + 2u, lane);
            few += outer(k + 3u, lane);
            few += outer(k + 4u, lane);
        }
        total += few;
        workgroupBarrier();
    }
    return total;
}
