// The two sides of products where both are rows of operands, times their factors. Rows that are not finite are read as 0.
// needs: lib/math lib/params scratch/factors geometry/row_elements
// slots: own_elements x1
fn own_factor(row: u32) -> f32 {
    return factors[params.block.own_base + row];
}

fn other_factor(row: u32) -> f32 {
    return factors[params.block.other_base + row];
}

fn times(x: vec4<f32>, by: f32) -> vec4<f32> {
    return select(by * x, vec4<f32>(0.0), is_nan(by));
}

// own_along and other_along: the four elements from the k-th on of a row, times its factor `by`.
fn own_along(row: u32, k: u32, by: f32) -> vec4<f32> {
    return times(own_elements(element_of(row, k)), by);
}

fn other_along(row: u32, k: u32, by: f32) -> vec4<f32> {
    return times(x1_four(element_of(row, k)), by);
}

// own_across and other_across: the k-th element of the four rows from `row` on, times their factors; 0 if not `there`.
fn own_across(row: u32, k: u32, there: bool) -> vec4<f32> {
    let by = vec4<f32>(own_factor(row), own_factor(row + 1u), own_factor(row + 2u), own_factor(row + 3u));
    let x = own_elements(element_of(row, k));
    return select(vec4<f32>(0.0), by * x, !are_nan(by) & vec4<bool>(there));
}

fn other_across(row: u32, k: u32, there: bool) -> vec4<f32> {
    let by = vec4<f32>(other_factor(row), other_factor(row + 1u), other_factor(row + 2u), other_factor(row + 3u));
    let x = x1_four(element_of(row, k));
    return select(vec4<f32>(0.0), by * x, !are_nan(by) & vec4<bool>(there));
}
