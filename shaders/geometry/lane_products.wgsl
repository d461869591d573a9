// The sums that a lane of a tile computes: for each of its four own rows and sixteen others, the sum of the products of their
// elements, or of what `tile_summands` has instead. They are called products.
// needs: geometry/row_elements
// slots: tile_rows tile_summands

// whether neighbours in memory are the same element of neighbouring rows, rather than neighbouring elements of one row; four
// such neighbours are loaded at once
override OWN_ACROSS: bool = false;
override OTHER_ACROSS: bool = false;

// A matrix for each of the lane's four quads of others: a column for each other, with an entry for each own row.
struct Products {
    a: mat4x4<f32>,
    b: mat4x4<f32>,
    c: mat4x4<f32>,
    d: mat4x4<f32>,
}

fn no_products() -> Products {
    return Products(mat4x4<f32>(), mat4x4<f32>(), mat4x4<f32>(), mat4x4<f32>());
}

// The products of a lane's four rows with each of its sixteen others.
fn products_by_other(sums: Products) -> array<vec4<f32>, 16> {
    return array<vec4<f32>, 16>(
        sums.a[0], sums.a[1], sums.a[2], sums.a[3],
        sums.b[0], sums.b[1], sums.b[2], sums.b[3],
        sums.c[0], sums.c[1], sums.c[2], sums.c[3],
        sums.d[0], sums.d[1], sums.d[2], sums.d[3],
    );
}

// Adds the products at one element to the sums.
fn add_products(sums: mat4x4<f32>, own: vec4<f32>, others: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        add_summands(sums[0], own, others.x),
        add_summands(sums[1], own, others.y),
        add_summands(sums[2], own, others.z),
        add_summands(sums[3], own, others.w),
    );
}

fn add_sums(a: Products, b: Products) -> Products {
    return Products(a.a + b.a, a.b + b.b, a.c + b.c, a.d + b.d);
}

fn own_factors(row: u32) -> vec4<f32> {
    return vec4<f32>(own_factor(row), own_factor(row + 1u), own_factor(row + 2u), own_factor(row + 3u));
}

fn other_factors(row: u32) -> vec4<f32> {
    return vec4<f32>(other_factor(row), other_factor(row + 1u), other_factor(row + 2u), other_factor(row + 3u));
}

// The four elements from the k-th on, of the four rows from `row` on: a column for each element. The files of
// `tile_rows` multiply them by factors, such as `by`, which has one for each row. Elements from `end` on are 0. Rows
// past the last may be loaded; their products are not used.
fn own_four(row: u32, k: u32, end: u32, by: vec4<f32>) -> mat4x4<f32> {
    if OWN_ACROSS {
        return mat4x4<f32>(
            own_across(row, k, k < end),
            own_across(row, k + 1u, k + 1u < end),
            own_across(row, k + 2u, k + 2u < end),
            own_across(row, k + 3u, k + 3u < end),
        );
    }
    return transpose(mat4x4<f32>(
        before(own_along(row, k, by.x), k, end),
        before(own_along(row + 1u, k, by.y), k, end),
        before(own_along(row + 2u, k, by.z), k, end),
        before(own_along(row + 3u, k, by.w), k, end),
    ));
}

fn other_four(row: u32, k: u32, end: u32, by: vec4<f32>) -> mat4x4<f32> {
    if OTHER_ACROSS {
        return mat4x4<f32>(
            other_across(row, k, k < end),
            other_across(row, k + 1u, k + 1u < end),
            other_across(row, k + 2u, k + 2u < end),
            other_across(row, k + 3u, k + 3u < end),
        );
    }
    return transpose(mat4x4<f32>(
        before(other_along(row, k, by.x), k, end),
        before(other_along(row + 1u, k, by.y), k, end),
        before(other_along(row + 2u, k, by.z), k, end),
        before(other_along(row + 3u, k, by.w), k, end),
    ));
}
