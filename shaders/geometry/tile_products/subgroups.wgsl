// The products of 64 own rows with 64 others, by subgroups of eight lanes, each of which loads two of the others for all eight.
// needs: lib/params geometry/lane_products geometry/row_elements
// slots: tile_rows

// Memory for what a kernel makes of the products.
var<workgroup> tile: array<vec4<f32>, 512>;

// `lane_own` is the first of a lane's four own rows, `lane_other` the first of one of its quads of others.
fn lane_own(lane: u32) -> u32 {
    return (32u * (lane / 32u)) + (4u * (lane % 8u));
}

fn lane_other(lane: u32, quad: u32) -> u32 {
    return (16u * ((lane / 8u) % 4u)) + (4u * quad);
}

// Which of the four lanes that share their own rows this one is.
fn lane_share(lane: u32) -> u32 {
    return (lane / 8u) % 4u;
}

fn of_lower(x: f32) -> vec4<f32> {
    return vec4<f32>(
        subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u)
    );
}

fn of_upper(x: f32) -> vec4<f32> {
    return vec4<f32>(
        subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u)
    );
}

fn add(sums: Products, own: vec4<f32>, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> Products {
    return Products(
        add_products(sums.a, own, a), add_products(sums.b, own, b), add_products(sums.c, own, c), add_products(sums.d, own, d)
    );
}

// Adds the products at one element. Of the sixteen others, each lane holds x of one in the first half, and y of one in the
// second.
fn add_along(sums: Products, own: vec4<f32>, x: f32, y: f32) -> Products {
    return add(sums, own, of_lower(x), of_upper(x), of_lower(y), of_upper(y));
}

// Adds to `start` the products of the rows from `own` on with the rows from `other` on, over the elements from `begin` to
// `end`. Sixteen elements are summed first, so that the long sum has few steps. The bits depend neither on where the sum is
// cut between two sixteens, nor on which side is the own side.
fn tile_products(start: Products, own: u32, other: u32, begin: u32, end: u32, lane: u32) -> Products {
    let first_own = own + lane_own(lane);
    let first_other = other + lane_other(lane, 0u);
    let at = lane % 8u;
    let by_own = own_factors(first_own);
    let by_low = other_factor(first_other + at);
    let by_high = other_factor(first_other + 8u + at);
    var sums = start;
    let steps = params.block.steps;
    for (var step = 0u; step < steps; step += 1u) {
        let first = begin + (16u * step);
        var few = no_products();
        for (var k = first; k < first + 16u; k += 4u) {
            let four = own_four(first_own, k, end, by_own);
            if OTHER_ACROSS {
                // a lane loads one of the four elements, for a quad of others in the first half and for one in the second
                let element = k + (at % 4u);
                let x = other_across(first_other + (4u * (at / 4u)), element, element < end);
                let y = other_across(first_other + 8u + (4u * (at / 4u)), element, element < end);
                few = add(
                    few, four[0], subgroupBroadcast(x, 0u), subgroupBroadcast(x, 4u), subgroupBroadcast(y, 0u), subgroupBroadcast(y, 4u)
                );
                few = add(
                    few, four[1], subgroupBroadcast(x, 1u), subgroupBroadcast(x, 5u), subgroupBroadcast(y, 1u), subgroupBroadcast(y, 5u)
                );
                few = add(
                    few, four[2], subgroupBroadcast(x, 2u), subgroupBroadcast(x, 6u), subgroupBroadcast(y, 2u), subgroupBroadcast(y, 6u)
                );
                few = add(
                    few, four[3], subgroupBroadcast(x, 3u), subgroupBroadcast(x, 7u), subgroupBroadcast(y, 3u), subgroupBroadcast(y, 7u)
                );
            } else {
                let x = before(other_along(first_other + at, k, by_low), k, end);
                let y = before(other_along(first_other + 8u + at, k, by_high), k, end);
                few = add_along(few, four[0], x.x, y.x);
                few = add_along(few, four[1], x.y, y.y);
                few = add_along(few, four[2], x.z, y.z);
                few = add_along(few, four[3], x.w, y.w);
            }
        }
        sums = add_sums(sums, few);
    }
    return sums;
}
