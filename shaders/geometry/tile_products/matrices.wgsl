// The products of 64 own rows with 64 others, by matrices of f16 that the lanes of a subgroup multiply together, into sums of
// f32. Products of two f16 are exact in f32, so factors of rows are applied to the sums.
// enables: f16 wgpu_cooperative_matrix
// needs: lib/math lib/params geometry/halves geometry/lane_products geometry/tile_products/quads_of_lanes
// slots: matrix own_halves stack

// whether there are sums to add to
override STARTS: bool = false;

// The sums of 32 others on their way between matrices and lanes, four own rows to an entry. Kernels also use this memory for
// what they make of the products.
var<workgroup> tile: array<vec4<f32>, 512>;

// Sixteen elements of 64 others.
var<workgroup> other_halves: array<vec4<f16>, 256>;

// How many matrices 64 others take.
const COLUMNS: u32 = 64u / SIDE;

// The sums of a subgroup, for as many own rows as it has lanes: a stack of STACKED rows of matrices. The COLUMNS matrices of
// each such row hold the sums of SIDE own rows with 64 others.
struct Stack {
    sums: array<SumMatrix, STACKED * COLUMNS>,
}

// 1 for each row, or NaN if its elements are to be read as 0.
fn ones(by: vec4<f32>) -> vec4<f32> {
    return select(vec4<f32>(1.0), by, are_nan(by));
}

fn known(by: vec4<f32>) -> vec4<f32> {
    return select(by, vec4<f32>(0.0), are_nan(by));
}

fn other_matrix(column: u32, k: u32) -> OtherMatrix {
    let entry = half_at(SIDE * column, SIDE * k, OTHER_ACROSS);
    if OTHER_ACROSS {
        return coopLoadT<OtherMatrix>(&other_halves[entry], 4u);
    }
    return coopLoad<OtherMatrix>(&other_halves[entry], 4u);
}

// Adds the products over sixteen elements, which are summed first.
fn add_sixteen(sums: Stack, first: u32, by: f32) -> Stack {
    var added = sums;
    let own = own_matrices(first);
    for (var column = 0u; column < COLUMNS; column += 1u) {
        var others: array<OtherMatrix, DEPTH>;
        for (var k = 0u; k < DEPTH; k += 1u) {
            others[k] = other_matrix(column, k);
        }
        for (var place = 0u; place < STACKED; place += 1u) {
            let at = (COLUMNS * place) + column;
            added.sums[at] = added.sums[at] + stacked_products(own, place, others, by);
        }
    }
    return added;
}

// The entry in `tile` at which a matrix begins, by its place in the stack and its column. `tile` holds half of the columns at a
// time.
fn sums_at(first: u32, place: u32, column: u32) -> u32 {
    return (16u * SIDE * (column % (COLUMNS / 2u))) + ((first + (SIDE * place)) / 4u);
}

// The entry in `tile` of one of a lane's four quads of others, of which `tile` holds two at a time.
fn tile_at(lane: u32, quad: u32) -> u32 {
    return (16u * lane_other(lane, quad % 2u)) + (lane_own(lane) / 4u);
}

fn put_quad(lane: u32, quad: u32, sums: mat4x4<f32>) {
    let entry = tile_at(lane, quad);
    tile[entry] = sums[0];
    tile[entry + 16u] = sums[1];
    tile[entry + 32u] = sums[2];
    tile[entry + 48u] = sums[3];
}

fn take_quad(lane: u32, quad: u32) -> mat4x4<f32> {
    let entry = tile_at(lane, quad);
    return mat4x4<f32>(tile[entry], tile[entry + 16u], tile[entry + 32u], tile[entry + 48u]);
}

// Loads the sums of half of the columns from `tile`.
fn load_sums(sums: Stack, from_column: u32, first: u32) -> Stack {
    var loaded = sums;
    for (var column = from_column; column < from_column + (COLUMNS / 2u); column += 1u) {
        for (var place = 0u; place < STACKED; place += 1u) {
            loaded.sums[(COLUMNS * place) + column] =
                coopLoad<SumMatrix>(&tile[sums_at(first, place, column)], 16u);
        }
    }
    workgroupBarrier();
    return loaded;
}

fn store_sums(sums: Stack, from_column: u32, first: u32) {
    var stored = sums;
    for (var column = from_column; column < from_column + (COLUMNS / 2u); column += 1u) {
        for (var place = 0u; place < STACKED; place += 1u) {
            coopStore(stored.sums[(COLUMNS * place) + column], &tile[sums_at(first, place, column)], 16u);
        }
    }
    workgroupBarrier();
}

fn stack_of(sums: Products, lane: u32, first: u32) -> Stack {
    put_quad(lane, 0u, sums.a);
    put_quad(lane, 1u, sums.b);
    workgroupBarrier();
    let half = load_sums(Stack(), 0u, first);
    put_quad(lane, 2u, sums.c);
    put_quad(lane, 3u, sums.d);
    workgroupBarrier();
    return load_sums(half, COLUMNS / 2u, first);
}

fn products_of(sums: Stack, lane: u32, first: u32) -> Products {
    store_sums(sums, 0u, first);
    let a = take_quad(lane, 0u);
    let b = take_quad(lane, 1u);
    workgroupBarrier();
    store_sums(sums, COLUMNS / 2u, first);
    let c = take_quad(lane, 2u);
    let d = take_quad(lane, 3u);
    workgroupBarrier();
    return Products(a, b, c, d);
}

// The factors are multiplied first, so that the bits do not depend on which side is the own side.
fn times_factors(sums: mat4x4<f32>, of_own: vec4<f32>, of_others: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        sums[0] * (of_own * of_others.x),
        sums[1] * (of_own * of_others.y),
        sums[2] * (of_own * of_others.z),
        sums[3] * (of_own * of_others.w),
    );
}

// Adds to `start` the products of the rows from `own` on with the rows from `other` on, over the elements from `begin` to
// `end`. Sixteen elements are summed first, so that the long sum has few steps. The bits depend neither on where the sum is
// cut between two sixteens, nor on which side is the own side. With STARTS all factors are 1, since they multiply `start` too.
fn tile_products(start: Products, own: u32, other: u32, begin: u32, end: u32, lane: u32) -> Products {
    let a = loads(lane, OWN_ACROSS);
    let b = loads(lane, OTHER_ACROSS);
    let own_ones = ones(own_factors(own + a.y));
    let other_ones = ones(other_factors(other + b.y));
    // the lanes of a subgroup follow one upon another
    let first = subgroupBroadcastFirst(lane);
    let lanes = subgroupAdd(1u);
    var sums = Stack();
    if STARTS {
        sums = stack_of(start, lane, first);
    }
    let steps = params.block.steps;
    for (var step = 0u; step < steps; step += 1u) {
        let k = begin + (16u * step);
        let by = stage_own(
            half_at(a.y, a.x, OWN_ACROSS),
            own_four(own + a.y, k + a.x, end, own_ones),
            lane,
            first,
            lanes,
        );
        let staged = by_entry(other_four(other + b.y, k + b.x, end, other_ones), OTHER_ACROSS);
        let entry = half_at(b.y, b.x, OTHER_ACROSS);
        other_halves[entry] = vec4<f16>(staged[0]);
        other_halves[entry + 4u] = vec4<f16>(staged[1]);
        other_halves[entry + 8u] = vec4<f16>(staged[2]);
        other_halves[entry + 12u] = vec4<f16>(staged[3]);
        workgroupBarrier();
        sums = add_sixteen(sums, first, by);
        workgroupBarrier();
    }
    let products = products_of(sums, lane, first);
    let of_own = known(own_factors(own + lane_own(lane)));
    return Products(
        times_factors(products.a, of_own, known(other_factors(other + lane_other(lane, 0u)))),
        times_factors(products.b, of_own, known(other_factors(other + lane_other(lane, 1u)))),
        times_factors(products.c, of_own, known(other_factors(other + lane_other(lane, 2u)))),
        times_factors(products.d, of_own, known(other_factors(other + lane_other(lane, 3u)))),
    );
}
