// The cosine of two vectors, in two sweeps over them: the first measures their norms, the second their products. A vec2 holds a
// number for each of the two vectors.
// needs: lib/math geometry/distances
const SWEEPS: u32 = 2u;

// `squares` are sums over vectors scaled by a power of two, so that they neither overflow nor vanish. The other sums are
// over vectors scaled to length 1. A sum is 0 until its sweep has been made.
struct State {
    band: vec2<u32>,
    squares: vec2<f32>,
    // Σ u·v; also Σ (u − v)² and Σ (u + v)², for nearly parallel vectors, whose cosine rounds to ±1
    dot: f32,
    apart: f32,
    against: f32,
    poison: u32,
}

fn fold_empty() -> State {
    return State(vec2<u32>(0u), vec2<f32>(0.0), 0.0, 0.0, 0.0, 0u);
}

// The band of a number is the range of 32 powers of two that holds its magnitude; a vector has the band of its greatest
// coordinate. The scale brings the middle of the band to 1.
fn band_of(x: vec2<f32>) -> vec2<u32> {
    return (bitcast<vec2<u32>>(x) >> vec2<u32>(28u)) & vec2<u32>(7u);
}

fn scale_of(band: vec2<u32>) -> vec2<f32> {
    return bitcast<vec2<f32>>((vec2<u32>(238u) - (band * 32u)) << vec2<u32>(23u));
}

// Converts sums of squares to a higher band. Two bands higher or more, they are too small to count, and become 0.
fn raised(squares: vec2<f32>, by: vec2<u32>) -> vec2<f32> {
    return squares * select(vec2<f32>(0.0), select(vec2<f32>(5.4210109e-20), vec2<f32>(1.0), by == vec2<u32>(0u)), by < vec2<u32>(2u));
}

// A vector with a smaller norm is divided by this instead.
const SHORTEST: f32 = 1e-8;

// The facts about both vectors after the first sweep.
struct Known {
    // two factors whose product scales a vector to length 1, or to less if it is shorter than SHORTEST
    first: vec2<f32>,
    second: vec2<f32>,
    // 1 minus the squared length after scaling
    lacking: vec2<f32>,
    short: vec2<bool>,
    zero: vec2<bool>,
}

fn fold_know(state: State) -> Known {
    let scale = scale_of(state.band);
    let root = sqrt(state.squares);
    let short = root < (SHORTEST * scale);
    let share = root / (SHORTEST * max(scale, vec2<f32>(1e-30)));
    var known: Known;
    known.first = select(scale, vec2<f32>(1.0), short);
    known.second = select(1.0 / max(root, vec2<f32>(1e-30)), vec2<f32>(1.0 / SHORTEST), short);
    known.lacking = select(vec2<f32>(0.0), 1.0 - (share * share), short);
    known.short = short;
    known.zero = state.squares == vec2<f32>(0.0);
    return known;
}

fn units(known: Known, x: vec3<f32>) -> vec2<f32> {
    return (x.xy * known.first) * known.second;
}

fn fold_absorb(state: ptr<function, State>, sweep: u32, known: Known, x: vec3<f32>) {
    if sweep > 0u {
        let u = units(known, x);
        (*state).dot += u.x * u.y;
        (*state).apart += (u.x - u.y) * (u.x - u.y);
        (*state).against += (u.x + u.y) * (u.x + u.y);
        return;
    }
    // an infinite vector has no direction, so its cosine is NaN
    let unknown = is_nan(x.x) | is_nan(x.y) | is_infinite(x.x) | is_infinite(x.y);
    (*state).poison |= select(0u, 1u, unknown);
    let known_part = select(x.xy, vec2<f32>(0.0), unknown);
    let band = max((*state).band, band_of(known_part));
    let y = known_part * scale_of(band);
    (*state).squares = raised((*state).squares, band - (*state).band) + (y * y);
    (*state).band = band;
}

fn fold_merge(a: State, b: State) -> State {
    let band = max(a.band, b.band);
    let squares = raised(a.squares, band - a.band) + raised(b.squares, band - b.band);
    return State(band, squares, a.dot + b.dot, a.apart + b.apart, a.against + b.against, a.poison | b.poison);
}

fn fold_finish(state: State, known: Known) -> Distances {
    let distance = 0.5 * ((state.apart + known.lacking.x) + known.lacking.y);
    return Distances(vec3<f32>(distance, 0.0, 0.0), state.dot);
}

fn fold_poisoned(state: State) -> bool {
    return state.poison != 0u;
}

// The gradients of the row's vectors at one coordinate, from the loss's derivative with respect to each distance.
fn fold_write(state: State, known: Known, x: vec3<f32>, slopes: vec3<f32>) -> vec3<f32> {
    let own = units(known, x);
    let other = own.yx;
    // the component of the other vector that is orthogonal to this one; nearly parallel vectors need a form that does not
    // cancel
    var across = other - (state.dot * own);
    let lacking = known.lacking.x + known.lacking.y;
    if state.dot > 0.5 {
        across = (other - own) + ((0.5 * (state.apart + lacking)) * own);
    } else if state.dot < -0.5 {
        across = (other + own) - ((0.5 * (state.against + lacking)) * own);
    }
    across = select(across, other, known.short);
    across = select(across, vec2<f32>(0.0), known.zero);
    return vec3<f32>(((-slopes.x * across) * known.second) * known.first, 0.0);
}
