// Writes to `slopes` a block of derivatives with respect to products; and to `slope_sums`, for each row of a tile and if wanted
// for each other, two sums over the tile: of the derivatives with respect to scores times their products, and of these
// derivatives alone.
// needs: lib/component lib/math lib/params scratch/records scratch/slope_sums scratch/slopes geometry/lane_products geometry/row_elements
// slots: block_products logit_scale pair_slopes pairs tile_products

// whether the sums of the others are wanted too
override SHARED: bool = false;

// The rows of a lane and their records.
struct Rows {
    first: u32,
    a: Row,
    b: Row,
    c: Row,
    d: Row,
    of_a: Record,
    of_b: Record,
    of_c: Record,
    of_d: Record,
}

// `x`, with 0 for rows and others past the end.
fn there(x: vec4<f32>, own: u32, other: u32) -> vec4<f32> {
    return before(x, own, select(0u, params.block.own_end, other < params.block.other_end));
}

// The derivatives with respect to the scores of a lane's rows with one other: 0 where a score takes no part, else NaN if the loss
// that it belongs to is unknown.
fn slopes_of(products: vec4<f32>, rows: Rows, other: u32) -> vec4<f32> {
    let row = other_row(other);
    let record = other_record(other);
    let d = vec4<f32>(
        pair_slope(pair_score(products.x, rows.a, row), rows.a, row, rows.of_a, record),
        pair_slope(pair_score(products.y, rows.b, row), rows.b, row, rows.of_b, record),
        pair_slope(pair_score(products.z, rows.c, row), rows.c, row, rows.of_c, record),
        pair_slope(pair_score(products.w, rows.d, row), rows.d, row, rows.of_d, record),
    );
    return there(d, rows.first, other);
}

// The sum of the four columns; an entry is NaN if one of its summands is.
fn sum_known(m: mat4x4<f32>) -> vec4<f32> {
    let unknown = are_nan(m[0]) | are_nan(m[1]) | are_nan(m[2]) | are_nan(m[3]);
    return select((m[0] + m[1]) + (m[2] + m[3]), vec4<f32>(nan()), unknown);
}

// derivative·product; NaN if the derivative is. A product may be infinite, past the range of f32, where the derivative is 0.
fn times_product(d: vec4<f32>, product: vec4<f32>) -> vec4<f32> {
    return select(select(d * product, vec4<f32>(0.0), d == vec4<f32>(0.0)), vec4<f32>(nan()), are_nan(d));
}

fn times_products(d: mat4x4<f32>, products: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        times_product(d[0], products[0]),
        times_product(d[1], products[1]),
        times_product(d[2], products[2]),
        times_product(d[3], products[3]),
    );
}

// The derivatives with respect to products, with 0 in place of NaN.
fn scaled(d: vec4<f32>) -> vec4<f32> {
    return select(d * product_scale(), vec4<f32>(0.0), are_nan(d));
}

// Adds up the sums that sixteen quads have of one row, or of one other; NaN if one of them is. Each quad has two neighbouring
// entries in `tile`: the sum of derivative·product, then the sum of the derivatives.
fn sum_line(line: u32) -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    var unknown = false;
    for (var i = 0u; i < 16u; i += 1u) {
        let entry = 2u * ((16u * (line / 4u)) + i);
        let x = float_at(tile[entry], line % 4u);
        unknown = unknown | is_nan(x);
        sum += vec2<f32>(x, float_at(tile[entry + 1u], line % 4u));
    }
    return select(sum, vec2<f32>(nan()), unknown);
}

@compute @workgroup_size(64)
fn tiles_slopes(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let across = (params.block.other_end - params.block.other_first + 63u) / 64u;
    let first_own = params.block.own_first + (64u * (place / across));
    let first_other = params.block.other_first + (64u * (place % across));
    let sums = block_products(first_own, first_other, lane);
    var quads = products_by_other(sums);
    let own = first_own + lane_own(lane);
    let rows = Rows(
        own,
        own_row(own),
        own_row(own + 1u),
        own_row(own + 2u),
        own_row(own + 3u),
        own_record(own),
        own_record(own + 1u),
        own_record(own + 2u),
        own_record(own + 3u),
    );
    let pitch = slope_pitch(params.block.other_end - params.block.other_first);
    var of_others: array<vec4<f32>, 8>;
    for (var quad = 0u; quad < 4u; quad += 1u) {
        let other = first_other + lane_other(lane, quad);
        let products = mat4x4<f32>(
            there(quads[4u * quad], own, other),
            there(quads[(4u * quad) + 1u], own, other + 1u),
            there(quads[(4u * quad) + 2u], own, other + 2u),
            there(quads[(4u * quad) + 3u], own, other + 3u),
        );
        let d = mat4x4<f32>(
            slopes_of(products[0], rows, other),
            slopes_of(products[1], rows, other + 1u),
            slopes_of(products[2], rows, other + 2u),
            slopes_of(products[3], rows, other + 3u),
        );
        let scaled_d = mat4x4<f32>(scaled(d[0]), scaled(d[1]), scaled(d[2]), scaled(d[3]));
        var by_row = columns(transpose(scaled_d));
        let entry = slope_at(own, other);
        for (var i = 0u; i < 4u; i += 1u) {
            if own + i < params.block.own_end {
                slopes[entry + (i * pitch)] = by_row[i];
            }
        }
        let of_rows = times_products(d, products);
        let line = 2u * ((4u * lane_own(lane)) + (lane_other(lane, quad) / 4u));
        tile[line] = sum_known(of_rows);
        tile[line + 1u] = sum_known(d);
        of_others[2u * quad] = sum_known(transpose(of_rows));
        of_others[(2u * quad) + 1u] = sum_known(transpose(d));
    }
    workgroupBarrier();
    let height = params.block.own_end - params.block.own_first;
    let row = (first_own - params.block.own_first) + lane;
    if row < height {
        slope_sums[((place % across) * height) + row] = sum_line(lane);
    }
    if SHARED {
        workgroupBarrier();
        for (var quad = 0u; quad < 4u; quad += 1u) {
            let line = 2u * ((4u * lane_other(lane, quad)) + (lane_own(lane) / 4u));
            tile[line] = of_others[2u * quad];
            tile[line + 1u] = of_others[(2u * quad) + 1u];
        }
        workgroupBarrier();
        let width = params.block.other_end - params.block.other_first;
        let column = (first_other - params.block.other_first) + lane;
        if column < width {
            slope_sums[(across * height) + ((place / across) * width) + column] = sum_line(lane);
        }
    }
}
