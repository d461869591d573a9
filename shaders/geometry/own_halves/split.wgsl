// Own elements of f32 as a sum of two f16: scale·x = high + low/2048. The scale is a power of two, such that neither f16
// overflows. An element keeps 22 bits, unless the greatest of the elements that are staged together (sixteen of each own row)
// is more than 2^28 times as large.
// needs: geometry/halves geometry/lane_products
// slots: matrix stack

// whether the scale follows from the greatest magnitude of the elements that are staged together; differences of two f16 are
// only halved, since their range is at most twice that of f16
override SCALED: bool = true;

const LOW_SCALE: f32 = 2048.0;

var<workgroup> own_high: array<vec4<f16>, 256>;
var<workgroup> own_low: array<vec4<f16>, 256>;

// the bits of the greatest finite magnitude of each subgroup
var<workgroup> peaks: array<u32, 16>;

struct OwnMatrices {
    high: array<OwnMatrix, STACKED * DEPTH>,
    low: array<OwnMatrix, STACKED * DEPTH>,
}

// The bits of the greatest finite magnitude: bits of magnitudes are in the order of the magnitudes.
fn peak_of(x: vec4<f32>) -> u32 {
    let bits = bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu);
    let finite = select(bits, vec4<u32>(0u), bits >= vec4<u32>(0x7f800000u));
    return max(max(finite.x, finite.y), max(finite.z, finite.w));
}

// The exponent, as bits, of the scale that brings the greatest magnitude of all subgroups to between 2^14 and 2^15.
fn scale_exponent(four: mat4x4<f32>, lane: u32, first: u32, lanes: u32) -> u32 {
    if !SCALED {
        return 126u;
    }
    let peak = subgroupMax(max(max(peak_of(four[0]), peak_of(four[1])), max(peak_of(four[2]), peak_of(four[3]))));
    if lane == first {
        peaks[first / lanes] = peak;
    }
    workgroupBarrier();
    var greatest = 0u;
    for (var i = 0u; i < 64u / lanes; i += 1u) {
        greatest = max(greatest, peaks[i]);
    }
    return min(268u - (greatest >> 23u), 253u);
}

// Rounds to the eleven significant bits of an f16 by integer operations, since a compiler may drop a conversion to f16 and
// back. Numbers below the least normal f16 go into `own_low` alone.
fn stage_halves(entry: u32, x: vec4<f32>, scale: f32) {
    let scaled = scale * x;
    let bits = bitcast<vec4<u32>>(scaled);
    let magnitudes = bits & vec4<u32>(0x7fffffffu);
    let rounded = bitcast<vec4<f32>>((bits + vec4<u32>(0x1000u)) & vec4<u32>(0xffffe000u));
    let high = select(rounded, vec4<f32>(0.0), magnitudes < vec4<u32>(0x38800000u));
    let infinite = magnitudes == vec4<u32>(0x7f800000u);
    own_high[entry] = vec4<f16>(high);
    own_low[entry] = vec4<f16>(select(LOW_SCALE * (scaled - high), vec4<f32>(0.0), infinite));
}

// Puts four elements of four own rows into workgroup memory, from `entry` on. Returns the factor that `stacked_products` has to
// multiply their products by.
fn stage_own(entry: u32, four: mat4x4<f32>, lane: u32, first: u32, lanes: u32) -> f32 {
    let exponent = scale_exponent(four, lane, first, lanes);
    let scale = bitcast<f32>(exponent << 23u);
    let staged = by_entry(four, OWN_ACROSS);
    stage_halves(entry, staged[0], scale);
    stage_halves(entry + 4u, staged[1], scale);
    stage_halves(entry + 8u, staged[2], scale);
    stage_halves(entry + 12u, staged[3], scale);
    return bitcast<f32>((254u - exponent) << 23u);
}

// The matrices of a subgroup's own rows, which begin at `first`.
fn own_matrices(first: u32) -> OwnMatrices {
    var own: OwnMatrices;
    for (var place = 0u; place < STACKED; place += 1u) {
        for (var k = 0u; k < DEPTH; k += 1u) {
            let entry = half_at(first + (SIDE * place), SIDE * k, OWN_ACROSS);
            let at = (DEPTH * place) + k;
            if OWN_ACROSS {
                own.high[at] = coopLoad<OwnMatrix>(&own_high[entry], 4u);
                own.low[at] = coopLoad<OwnMatrix>(&own_low[entry], 4u);
            } else {
                own.high[at] = coopLoadT<OwnMatrix>(&own_high[entry], 4u);
                own.low[at] = coopLoadT<OwnMatrix>(&own_low[entry], 4u);
            }
        }
    }
    return own;
}

// The products of the rows at a place of the stack with some others, over sixteen elements.
fn stacked_products(own: OwnMatrices, place: u32, others: array<OtherMatrix, DEPTH>, by: f32) -> SumMatrix {
    var high = own.high;
    var low = own.low;
    var columns = others;
    var few = SumMatrix();
    for (var k = 0u; k < DEPTH; k += 1u) {
        few = coopMultiplyAdd(low[(DEPTH * place) + k], columns[k], few);
    }
    few = (1.0 / LOW_SCALE) * few;
    for (var k = 0u; k < DEPTH; k += 1u) {
        few = coopMultiplyAdd(high[(DEPTH * place) + k], columns[k], few);
    }
    return by * few;
}
