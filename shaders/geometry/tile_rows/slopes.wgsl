// The two sides of the products of tiles_product: own rows are rows of a block of slopes, the others are columns of operand x1,
// and the sum runs over the rows of x1.
// needs: lib/math lib/params scratch/factors scratch/slopes geometry/row_elements
// slots: x1

// Slopes already contain all their factors. The sum runs over the rows of x1, so their factors are applied to each element.
fn own_factor(row: u32) -> f32 {
    return 1.0;
}

fn other_factor(column: u32) -> f32 {
    return 1.0;
}

// Reads slopes of the block's own rows.
fn own_along(row: u32, k: u32, by: f32) -> vec4<f32> {
    return slopes[slope_at(row, k)];
}

// Reads the block transposed, if these own rows are the block's others.
fn own_across(row: u32, k: u32, there: bool) -> vec4<f32> {
    let pitch = slope_pitch(params.block.own_end - params.block.own_first);
    let slope = slopes[((k - params.block.other_first) * pitch) + ((row - params.block.own_first) / 4u)];
    return select(vec4<f32>(0.0), slope, there);
}

fn other_across(column: u32, k: u32, there: bool) -> vec4<f32> {
    let by = factors[params.block.other_base + k];
    let x = x1_four(element_of(k, column));
    return select(vec4<f32>(0.0), by * x, there & !is_nan(by));
}

// Unused: neighbours in memory are columns, and `other_across` reads them.
fn other_along(column: u32, k: u32, by: f32) -> vec4<f32> {
    return vec4<f32>(0.0);
}
