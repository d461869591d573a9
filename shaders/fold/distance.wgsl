// The distance of each pair of two or three vectors: the p-norm of their difference.
// needs: lib/math lib/params geometry/distances
// slots: leaf
const SWEEPS: u32 = 1u;

// how many pairs are measured, in this order: first and second vector, first and third, second and third
override PAIRS: u32 = 1u;
// the power if it is 1 or 2, which need no logarithm; 0 for any other
override POWER: u32 = 0u;

// Σ (|difference|/peak)^p, which neither overflows nor vanishes. The peak is the greatest |difference| so far; or, if the power
// is 1 or 2, the power of two in the middle of the band of 32 powers of two that holds it.
struct Pair {
    peak: f32,
    sum: f32,
}

struct State {
    ab: Pair,
    ac: Pair,
    bc: Pair,
    // a bit for each pair that has an infinite difference, and POISON if a difference is NaN
    flags: u32,
    // pads the state to the length of a cosine state, so that `row_states` has one size
    spare: u32,
}

const POISON: u32 = 8u;

fn fold_empty() -> State {
    return State(Pair(0.0, 0.0), Pair(0.0, 0.0), Pair(0.0, 0.0), 0u, 0u);
}

// share^p, for 0 < share ≤ 1, or any share where the power is 1 or 2.
fn to_power(share: f32, p: f32) -> f32 {
    if POWER == 1u {
        return share;
    }
    if POWER == 2u {
        return share * share;
    }
    return power_by_parts(share, p, 1.0);
}

// Converts a pair's sum to a higher peak. Only for a power of 1 or 2, whose peaks are powers of two.
fn raise(pair: Pair, peak: f32) -> Pair {
    return Pair(peak, pair.sum * to_power(pair.peak * reciprocal(peak), vectors_p()));
}

// (lesser/greater)^p: exactly 0 if the lesser is 0, exactly 1 if both are equal.
fn power_of_share(lesser: f32, greater: f32) -> f32 {
    let share = select(lesser / greater, 1.0, (lesser == greater) | (lesser == 0.0));
    return select(to_power(share, vectors_p()), 0.0, lesser == 0.0);
}

// `middle_of` is the power of two in the middle of a number's band; `reciprocal` is 1 over such a power.
fn middle_of(size: f32) -> f32 {
    return bitcast<f32>(((bitcast<u32>(size) >> 28u) << 28u) + (16u << 23u));
}

fn reciprocal(peak: f32) -> f32 {
    return bitcast<f32>(0x7f000000u - bitcast<u32>(peak));
}

fn pair_absorb(pair: Pair, difference: f32, bit: u32, flags: ptr<function, u32>) -> Pair {
    let unknown = is_nan(difference);
    let infinite = is_infinite(difference);
    *flags |= select(0u, POISON, unknown) | select(0u, bit, infinite);
    let size = select(abs(difference), 0.0, unknown | infinite);
    if POWER != 0u {
        let raised = raise(pair, max(pair.peak, middle_of(size)));
        return Pair(raised.peak, raised.sum + to_power(size * reciprocal(raised.peak), vectors_p()));
    }
    let share = power_of_share(min(size, pair.peak), max(size, pair.peak));
    return Pair(max(size, pair.peak), select(pair.sum + share, (pair.sum * share) + 1.0, size > pair.peak));
}

fn pair_merge(a: Pair, b: Pair) -> Pair {
    let peak = max(a.peak, b.peak);
    if POWER != 0u {
        return Pair(peak, raise(a, peak).sum + raise(b, peak).sum);
    }
    let share = power_of_share(min(a.peak, b.peak), peak);
    let a_is_less = a.peak < b.peak;
    return Pair(peak, select(a.sum, b.sum, a_is_less) + (share * select(b.sum, a.sum, a_is_less)));
}

// The differences of the row's vectors at one coordinate, NaN between equal infinities.
fn differences(x: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(difference(x.x, x.y), difference(x.x, x.z), difference(x.y, x.z)) + vectors_eps();
}

fn fold_absorb(state: ptr<function, State>, sweep: u32, known: Known, x: vec3<f32>) {
    let difference = differences(x);
    var flags = (*state).flags;
    (*state).ab = pair_absorb((*state).ab, difference.x, 1u, &flags);
    if PAIRS > 1u {
        (*state).ac = pair_absorb((*state).ac, difference.y, 2u, &flags);
    }
    if PAIRS > 2u {
        (*state).bc = pair_absorb((*state).bc, difference.z, 4u, &flags);
    }
    (*state).flags = flags;
}

fn fold_merge(a: State, b: State) -> State {
    return State(pair_merge(a.ab, b.ab), pair_merge(a.ac, b.ac), pair_merge(a.bc, b.bc), a.flags | b.flags, 0u);
}

// The facts about each pair: its peak, the root of its sum (the distance as a multiple of the peak), and root^(1 − p), a
// factor of every slope.
struct Known {
    peaks: vec3<f32>,
    roots: vec3<f32>,
    slopes: vec3<f32>,
}

fn root_of(sum: f32) -> f32 {
    if (POWER == 1u) | (sum == 0.0) {
        return sum;
    }
    if POWER == 2u {
        return sqrt(sum);
    }
    return power_by_parts(sum, 1.0, vectors_p());
}

// root^(1 − p), by a power of the sum: for a large p its root is 1, rounded.
fn slope_of(sum: f32, root: f32) -> f32 {
    if POWER == 1u {
        return 1.0;
    }
    if POWER == 2u {
        return 1.0 / root;
    }
    return power_by_parts(sum, (1.0 - vectors_p()) / vectors_p(), 1.0);
}

fn fold_know(state: State) -> Known {
    let roots = vec3<f32>(root_of(state.ab.sum), root_of(state.ac.sum), root_of(state.bc.sum));
    let slopes =
        vec3<f32>(slope_of(state.ab.sum, roots.x), slope_of(state.ac.sum, roots.y), slope_of(state.bc.sum, roots.z));
    return Known(vec3<f32>(state.ab.peak, state.ac.peak, state.bc.peak), roots, slopes);
}

fn fold_finish(state: State, known: Known) -> Distances {
    let unbounded = (vec3<u32>(state.flags) & vec3<u32>(1u, 2u, 4u)) != vec3<u32>(0u);
    return Distances(select(known.peaks * known.roots, vec3<f32>(infinity()), unbounded), 0.0);
}

fn fold_poisoned(state: State) -> bool {
    return (state.flags & POISON) != 0u;
}

// The derivative of a distance with respect to a difference: sign·(|difference|/distance)^(p − 1), and 0 for a difference
// of 0. In an infinite distance, the ratio of a finite difference is 0, and the ratio of an infinite one is NaN.
fn direction(difference: f32, peak: f32, slope: f32, unbounded: bool) -> f32 {
    var size = slope;
    if POWER == 2u {
        let share = select(0.0, nan(), is_infinite(difference));
        size = select(slope * (abs(difference) * reciprocal(peak)), share, unbounded);
    } else if POWER == 0u {
        let share = abs(difference) / peak;
        if unbounded {
            size = power(select(0.0, nan(), is_infinite(difference)), vectors_p() - 1.0);
        } else {
            size *= power_by_parts(share, vectors_p() - 1.0, 1.0);
        }
    }
    return select(select(size, -size, difference < 0.0), 0.0, difference == 0.0);
}

// The part of a gradient that comes through one distance. If the loss does not depend on the distance, it is 0, even if the
// direction is NaN.
fn part_along(by_distance: f32, difference: f32, peak: f32, slope: f32, unbounded: bool) -> f32 {
    return select(by_distance * direction(difference, peak, slope, unbounded), 0.0, by_distance == 0.0);
}

// The gradients of the row's vectors at one coordinate, from the loss's derivative with respect to each distance.
fn fold_write(state: State, known: Known, x: vec3<f32>, slopes: vec3<f32>) -> vec3<f32> {
    let difference = differences(x);
    let ab = part_along(slopes.x, difference.x, known.peaks.x, known.slopes.x, (state.flags & 1u) != 0u);
    var ac = 0.0;
    var bc = 0.0;
    if PAIRS > 1u {
        ac = part_along(slopes.y, difference.y, known.peaks.y, known.slopes.y, (state.flags & 2u) != 0u);
    }
    if PAIRS > 2u {
        bc = part_along(slopes.z, difference.z, known.peaks.z, known.slopes.z, (state.flags & 4u) != 0u);
    }
    return vec3<f32>(ab + ac, bc - ab, -ac - bc);
}
