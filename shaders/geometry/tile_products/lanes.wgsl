// The products of 64 rows with 64 others, through workgroup memory.
// needs: lib/params geometry/lane_products

// Sixteen elements of 64 own rows, then of 64 others, four rows to an entry; a pitch of 17 keeps lanes that write out of each
// other's banks. Beside the products, what a kernel makes of them goes through it too.
var<workgroup> tile: array<vec4<f32>, 544>;

const OTHERS: u32 = 272u;

// The first of a lane's four own rows, and of each of its quads of others.
fn lane_own(lane: u32) -> u32 {
    return 4u * (lane / 4u);
}

fn lane_other(lane: u32, quad: u32) -> u32 {
    return (16u * quad) + (4u * (lane % 4u));
}

// Which of the four lanes that share their own rows this one is.
fn lane_share(lane: u32) -> u32 {
    return lane % 4u;
}

// Which four of sixteen elements a lane loads, and of which four rows: neighbours load neighbours.
fn loads(lane: u32, across: bool) -> vec2<u32> {
    return select(vec2<u32>(lane % 4u, lane / 4u), vec2<u32>(lane / 16u, lane % 16u), across) * 4u;
}

fn stage(at: u32, place: vec2<u32>, four: mat4x4<f32>) {
    let entry = at + (17u * place.x) + (place.y / 4u);
    tile[entry] = four[0];
    tile[entry + 17u] = four[1];
    tile[entry + 34u] = four[2];
    tile[entry + 51u] = four[3];
}

// The sums with the products at a staged element.
fn add_staged(sums: Products, k: u32, lane: u32) -> Products {
    let own = tile[(17u * k) + (lane / 4u)];
    let entry = OTHERS + (17u * k) + (lane % 4u);
    return Products(
        add_products(sums.a, own, tile[entry]),
        add_products(sums.b, own, tile[entry + 4u]),
        add_products(sums.c, own, tile[entry + 8u]),
        add_products(sums.d, own, tile[entry + 12u]),
    );
}

// `start`, and the products of the rows from `own` on with those from `other` on over elements `begin` to `end`: sixteen at a
// time, so that the long sum has few steps. The bits are the same wherever it is cut between two sixteens, and whichever side is
// called the own.
fn tile_products(start: Products, own: u32, other: u32, begin: u32, end: u32, lane: u32) -> Products {
    let a = loads(lane, OWN_ACROSS);
    let b = loads(lane, OTHER_ACROSS);
    let by_own = own_factors(own + a.y);
    let by_other = other_factors(other + b.y);
    var sums = start;
    let steps = params.block.steps;
    for (var step = 0u; step < steps; step += 1u) {
        let first = begin + (16u * step);
        stage(0u, a, own_four(own + a.y, first + a.x, end, by_own));
        stage(OTHERS, b, other_four(other + b.y, first + b.x, end, by_other));
        workgroupBarrier();
        var few = no_products();
        for (var k = 0u; k < 16u; k += 4u) {
            few = add_staged(few, k, lane);
            few = add_staged(few, k + 1u, lane);
            few = add_staged(few, k + 2u, lane);
            few = add_staged(few, k + 3u, lane);
        }
        sums = add_sums(sums, few);
        workgroupBarrier();
    }
    return sums;
}
