// Adds to `products` the gradient of each row of a block that comes through its distances from the block's others, whether
// these are the hardest distances of the row itself or of the others. Marks a row as NaN in `row_sums` if its gradient is
// unknown.
//
// A workgroup takes a row and 1,024 of its columns. It goes through the others 256 at a time: it first finds the few whose
// distance has a derivative other than 0, and then adds up, in order, these derivatives times the directions from the others to
// the row.
// needs: lib/label lib/math lib/params scratch/distances scratch/products scratch/pulls scratch/row_sums geometry/row_elements
// slots: labels x0 x1

// whether a distance counts in the loss of the own row, and in the loss of the other
override OWN_SCORES: bool = false;
override OTHER_SCORES: bool = false;

// of the others that the lanes look at: a bit for each whose derivative is not 0; and for each that derivative, `factor_of` its
// distance, and 1 over the distance times that factor
var<workgroup> has_derivative: array<atomic<u32>, 8>;
var<workgroup> directions: array<vec3<f32>, 256>;
// whether a derivative with respect to a distance of the row is infinite or NaN
var<workgroup> unknown: atomic<u32>;

// The derivative of a row's loss with respect to its distance from another row. `bits` are those of the distance; `same` is
// whether the two rows have the same label. The derivative is 0 if the distance is not the row's hardest, or is 0; and NaN if
// the loss is unknown.
fn pull_along(pull: Pull, bits: u32, same: bool) -> f32 {
    let is_hardest = (bits == select(pull.nearest, pull.farthest, same)) & (bits != 0u);
    let d = select(0.0, select(pull.of_nearest, pull.of_farthest, same), is_hardest);
    return select(d, nan(), pull.farthest == UNKNOWN_PULL);
}

// The power of two by which differences are multiplied before they are divided by the distance times this factor: 1 over the
// distance itself may be no normal number.
fn factor_of(distance: f32) -> f32 {
    return select(select(1.0, 1.8446744e19, distance < 1e-29), 5.4210109e-20, distance > 1e29);
}

@compute @workgroup_size(256)
fn hardest_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.block.width + 1023u) / 1024u;
    let row = params.block.own_first + (place / tiles);
    let column = (1024u * (place % tiles)) + (4u * lane);
    let live = row < params.block.own_end;
    let writes = live & (column < params.block.width);
    let label = target_label(params.block.own_from + row);
    let own = pull_if(OWN_SCORES & live, row);
    let x = x0_four(element_of(row, column));
    var sum = vec4<f32>(0.0);
    if writes & (params.block.fresh == 0u) {
        sum = products[product_at(row) + (column / 4u)];
    }
    if lane == 0u {
        atomicStore(&unknown, 0u);
    }
    let end = params.block.other_end;
    for (var first = params.block.other_first; first < end; first += 256u) {
        if lane < 8u {
            atomicStore(&has_derivative[lane], 0u);
        }
        workgroupBarrier();
        let other = first + lane;
        let other_place = params.block.other_from + other;
        var direction = vec3<f32>(0.0);
        if live & (other < end) & (other_place != params.block.own_from + row) {
            let distance = distances[distance_at(row, other)];
            let bits = bitcast<u32>(distance);
            let same = same_label(label, target_label(other_place));
            let a = pull_along(own, bits, same);
            let b = pull_along(pull_if(OTHER_SCORES, other), bits, same);
            if is_nan(a) | is_nan(b) | is_infinite(a) | is_infinite(b) {
                atomicOr(&unknown, 1u);
            } else if a + b != 0.0 {
                let factor = factor_of(distance);
                direction = vec3<f32>(a + b, factor, 1.0 / (factor * distance));
                atomicOr(&has_derivative[lane / 32u], 1u << (lane % 32u));
            }
        }
        directions[lane] = direction;
        workgroupBarrier();
        var few = vec4<f32>(0.0);
        for (var word = 0u; word < select(0u, 8u, writes); word += 1u) {
            for (var bits_left = atomicLoad(&has_derivative[word]); bits_left != 0u; bits_left &= bits_left - 1u) {
                let at = (32u * word) + firstTrailingBit(bits_left);
                let of_other = directions[at];
                let apart = x - x1_four(element_of(first + at, column));
                few = fma(vec4<f32>(of_other.x), (apart * of_other.y) * of_other.z, few);
            }
        }
        sum += few;
        workgroupBarrier();
    }
    workgroupBarrier();
    if writes {
        products[product_at(row) + (column / 4u)] = sum;
    }
    if live & (column == 0u) {
        var is_unknown = atomicLoad(&unknown) != 0u;
        if params.block.fresh == 0u {
            is_unknown = is_unknown | is_nan(row_sums[row_sum_at(row)].x);
        }
        row_sums[row_sum_at(row)] = vec2<f32>(select(0.0, nan(), is_unknown));
    }
}
