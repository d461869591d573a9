// Own elements that are f16 already.
// needs: geometry/halves geometry/lane_products
// slots: matrix stack
var<workgroup> own_high: array<vec4<f16>, 256>;

struct OwnMatrices {
    high: array<OwnMatrix, STACKED * DEPTH>,
}

// Puts four elements of four own rows into workgroup memory, from `entry` on. Returns the factor that `stacked_products` has to
// multiply their products by.
fn stage_own(entry: u32, four: mat4x4<f32>, lane: u32, first: u32, lanes: u32) -> f32 {
    let staged = by_entry(four, OWN_ACROSS);
    own_high[entry] = vec4<f16>(staged[0]);
    own_high[entry + 4u] = vec4<f16>(staged[1]);
    own_high[entry + 8u] = vec4<f16>(staged[2]);
    own_high[entry + 12u] = vec4<f16>(staged[3]);
    return 1.0;
}

// The matrices of a subgroup's own rows, which begin at `first`.
fn own_matrices(first: u32) -> OwnMatrices {
    var own: OwnMatrices;
    for (var place = 0u; place < STACKED; place += 1u) {
        for (var k = 0u; k < DEPTH; k += 1u) {
            let entry = half_at(first + (SIDE * place), SIDE * k, OWN_ACROSS);
            if OWN_ACROSS {
                own.high[(DEPTH * place) + k] = coopLoad<OwnMatrix>(&own_high[entry], 4u);
            } else {
                own.high[(DEPTH * place) + k] = coopLoadT<OwnMatrix>(&own_high[entry], 4u);
            }
        }
    }
    return own;
}

// The products of the rows at a place of the stack with some others, over sixteen elements.
fn stacked_products(own: OwnMatrices, place: u32, others: array<OtherMatrix, DEPTH>, by: f32) -> SumMatrix {
    var rows = own.high;
    var columns = others;
    var few = SumMatrix();
    for (var k = 0u; k < DEPTH; k += 1u) {
        few = coopMultiplyAdd(rows[(DEPTH * place) + k], columns[k], few);
    }
    return few;
}
