// The products of a tile of 64 own rows with 64 others, computed by subgroups. The lanes of a subgroup hold 16 of the others
// together.
// needs: lib/params geometry/lane_products geometry/row_elements
// slots: subgroup tile_rows

// Workgroup memory for what kernels compute from the products.
var<workgroup> tile: array<vec4<f32>, 512>;

// `lane_own` is the first of a lane's four own rows in the tile, `lane_other` the first other of one of its four quads.
fn lane_own(lane: u32) -> u32 {
    return (4u * WIDTH * (lane / (4u * WIDTH))) + (4u * (lane % WIDTH));
}

fn lane_other(lane: u32, quad: u32) -> u32 {
    return (16u * lane_share(lane)) + (4u * quad);
}

// The number, from 0 to 3, of a lane among the four that have the same own rows.
fn lane_share(lane: u32) -> u32 {
    return (lane / WIDTH) % 4u;
}

// The factors of the others that a lane holds.
fn held_factors(first: u32) -> vec4<f32> {
    var by = vec4<f32>(other_factor(first), 0.0, 0.0, 0.0);
    if WIDTH < 16u {
        by.y = other_factor(first + WIDTH);
    }
    if WIDTH < 8u {
        by.z = other_factor(first + (2u * WIDTH));
        by.w = other_factor(first + (3u * WIDTH));
    }
    return by;
}

// Four neighbouring elements of each of the others that a lane holds: a column for each element.
fn held_along(first: u32, k: u32, end: u32, by: vec4<f32>) -> mat4x4<f32> {
    var held = mat4x4<f32>();
    held[0] = before(other_along(first, k, by.x), k, end);
    if WIDTH < 16u {
        held[1] = before(other_along(first + WIDTH, k, by.y), k, end);
    }
    if WIDTH < 8u {
        held[2] = before(other_along(first + (2u * WIDTH), k, by.z), k, end);
        held[3] = before(other_along(first + (3u * WIDTH), k, by.w), k, end);
    }
    return transpose(held);
}

// The element `k` of the quads of others that a lane holds, 0 if not `there`: a column for each quad.
fn held_across(first: u32, k: u32, there: bool) -> mat4x4<f32> {
    var held = mat4x4<f32>();
    held[0] = other_across(first, k, there);
    if WIDTH < 16u {
        held[1] = other_across(first + WIDTH, k, there);
    }
    if WIDTH < 8u {
        held[2] = other_across(first + (2u * WIDTH), k, there);
        held[3] = other_across(first + (3u * WIDTH), k, there);
    }
    return held;
}

// Adds the products at one element.
fn add(sums: Products, own: vec4<f32>, others: mat4x4<f32>) -> Products {
    return Products(
        add_products(sums.a, own, others[0]),
        add_products(sums.b, own, others[1]),
        add_products(sums.c, own, others[2]),
        add_products(sums.d, own, others[3]),
    );
}

// Returns `start` plus the products of the tile's rows from `own` on with those from `other` on, over the elements from `begin`
// to `end`. Sixteen elements are summed first, so that the long sum has few steps. The bits do not depend on which side is the
// own side; nor on how the elements are divided among calls, if each call but the last has a multiple of sixteen.
fn tile_products(start: Products, own: u32, other: u32, begin: u32, end: u32, lane: u32) -> Products {
    let first_own = own + lane_own(lane);
    let first_other = other + lane_other(lane, 0u);
    let at = lane % WIDTH;
    let by_own = own_factors(first_own);
    let by_others = held_factors(first_other + at);
    var sums = start;
    let steps = params.block.steps;
    for (var step = 0u; step < steps; step += 1u) {
        let first = begin + (16u * step);
        var few = no_products();
        for (var k = first; k < first + 16u; k += 4u) {
            let four = own_four(first_own, k, end, by_own);
            if OTHER_ACROSS {
                let element = k + (at % 4u);
                let held = held_across(first_other + (4u * (at / 4u)), element, element < end);
                few = add(few, four[0], quads_at_0(held));
                few = add(few, four[1], quads_at_1(held));
                few = add(few, four[2], quads_at_2(held));
                few = add(few, four[3], quads_at_3(held));
            } else {
                let held = held_along(first_other + at, k, end, by_others);
                few = add(few, four[0], quads_of(held[0]));
                few = add(few, four[1], quads_of(held[1]));
                few = add(few, four[2], quads_of(held[2]));
                few = add(few, four[3], quads_of(held[3]));
            }
        }
        sums = add_sums(sums, few);
    }
    return sums;
}
