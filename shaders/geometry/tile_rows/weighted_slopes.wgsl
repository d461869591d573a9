// A block of slopes, times the factors of the other rows, and these rows as they are: the two sides of a product over them.
// needs: lib/math lib/params scratch/factors scratch/slopes geometry/row_elements
// slots: x1
fn own_factor(row: u32) -> f32 {
    return 1.0;
}

fn other_factor(column: u32) -> f32 {
    return 1.0;
}

// Reads slopes of the block's own rows. Memory past their end may hold anything, and the scale of halves follows the greatest.
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

// An infinite element is of a row that is read as 0.
fn other_across(column: u32, k: u32, there: bool) -> vec4<f32> {
    return select(vec4<f32>(0.0), x1_four(element_of(k, column)), there & !is_nan(factors[params.block.other_base + k]));
}

// Unused: `other_across` reads the others' elements.
fn other_along(column: u32, k: u32, by: f32) -> vec4<f32> {
    return vec4<f32>(0.0);
}
