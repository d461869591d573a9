// The two sides of the products of gram_backward: own rows are rows of an item's slopes, the others are positions, and the sum
// runs over the item's channels.
// needs: lib/math lib/params scratch/factors scratch/gram_slopes geometry/row_elements
// slots: x1

// a bit for each of the workgroup's 64 own rows: whether one of the row's slopes is NaN
var<workgroup> unknown: array<atomic<u32>, 2>;

// the item of the workgroup: the next item's channels follow its last channel in memory, and must not count
var<private> walked: u32;
// the first of the workgroup's own rows
var<private> first_walked: u32;

fn own_factor(row: u32) -> f32 {
    return 1.0;
}

// The others are positions, which have no factors. The functions that read elements look at the factors of channels.
fn other_factor(position: u32) -> f32 {
    return 1.0;
}

fn own_along(row: u32, k: u32, by: f32) -> vec4<f32> {
    let first = (row * params.classes) + (k - (walked * params.classes));
    let slope = vec4<f32>(gram_slopes[first], gram_slopes[first + 1u], gram_slopes[first + 2u], gram_slopes[first + 3u]);
    let here = (row / params.classes) == walked;
    let four = before(select(vec4<f32>(0.0), slope, here), k, (walked + 1u) * params.classes);
    let nothing = are_nan(four);
    if any(nothing) {
        let own = row - first_walked;
        atomicOr(&unknown[own / 32u], 1u << (own % 32u));
    }
    return select(four, vec4<f32>(0.0), nothing);
}

// Unused: rows of slopes are contiguous, and `own_along` reads them.
fn own_across(row: u32, k: u32, there: bool) -> vec4<f32> {
    return vec4<f32>(0.0);
}

fn other_along(position: u32, k: u32, by: f32) -> vec4<f32> {
    let of_channels = vec4<f32>(factors[k], factors[k + 1u], factors[k + 2u], factors[k + 3u]);
    return select(x1_four(element_of(k, position)), vec4<f32>(0.0), are_nan(of_channels));
}

fn other_across(position: u32, k: u32, there: bool) -> vec4<f32> {
    return select(vec4<f32>(0.0), x1_four(element_of(k, position)), there & !is_nan(factors[k]));
}
