// The two sides of the products of tiles_product, where slopes take the factors of the rows of operand x1, and x1 is read as it
// is: own rows are rows of a block of slopes, the others are columns of x1, and the sum runs over the rows of x1.
// needs: lib/math lib/params scratch/factors scratch/slopes geometry/row_elements
// slots: x1
fn own_factor(row: u32) -> f32 {
    return 1.0;
}

fn other_factor(column: u32) -> f32 {
    return 1.0;
}

// Reads slopes of the block's own rows. Rows past their end, where memory may hold anything, are read as 0, since
// own_halves/split takes its scale from the greatest element.
fn own_along(row: u32, k: u32, by: f32) -> vec4<f32> {
    let of_others = params.block.other_base + k;
    let by_others =
        vec4<f32>(factors[of_others], factors[of_others + 1u], factors[of_others + 2u], factors[of_others + 3u]);
    let there = !are_nan(by_others) & vec4<bool>(row < params.block.own_end);
    return select(vec4<f32>(0.0), by_others * slopes[slope_at(row, k)], there);
}

// Reads the block transposed, if these own rows are the block's others.
fn own_across(row: u32, k: u32, there: bool) -> vec4<f32> {
    let pitch = slope_pitch(params.block.own_end - params.block.own_first);
    let slope = slopes[((k - params.block.other_first) * pitch) + ((row - params.block.own_first) / 4u)];
    let by = factors[params.block.other_base + k];
    return select(vec4<f32>(0.0), by * slope, there & !is_nan(by));
}

// A row of x1 with an element that is not finite has a factor of NaN, and is read as 0.
fn other_across(column: u32, k: u32, there: bool) -> vec4<f32> {
    return select(vec4<f32>(0.0), x1_four(element_of(k, column)), there & !is_nan(factors[params.block.other_base + k]));
}

// Unused: `other_across` reads the others' elements.
fn other_along(column: u32, k: u32, by: f32) -> vec4<f32> {
    return vec4<f32>(0.0);
}
