// The statistics of a softmax over the classes of a position: how they accumulate and merge, what the leaf sees, and the
// gradient.
//
// A class's share is its coefficient in the part of the loss that sums over all classes, Σ share·(−log p), such as label
// smoothing times a class weight. The mass of a state is the sum of its classes' shares. Its spread is Σ share·(peak − x); the
// spread that the leaf sees is Σ share·(−log p).
// needs: lib/math lib/params
// slots: softmax_state

// poison bits of a state: a logit is NaN or +∞; a share is NaN
const UNKNOWN_LOGIT: u32 = 1u;
const UNKNOWN_SHARE: u32 = 2u;

// the peak of an empty state: the lowest finite f32
const LOWEST: f32 = -3.4028234e38;

fn mass_of(state: State) -> f32 {
    return state.peak_share + state.other_shares;
}

// The summand of the spread for classes with this share, which lie `gap` below the peak. It is 0 for no share, although the gap may be
// infinite, as that of the first class to LOWEST; and 0 at the peak, although the share may be infinite.
fn spread_by(share: f32, gap: f32) -> f32 {
    return select(part_of(share, gap), 0.0, gap == 0.0);
}

// Adds a class with the logit x to a state. It selects rather than branches, but for a masked class that has a share, because
// compilers for SIMD lanes execute both sides of a branch.
fn fold_absorb(state: ptr<function, State>, x: f32, share: f32) {
    let before = mass_of(*state);
    let infinite = is_infinite(x);
    let masked = infinite & (x < 0.0);
    let known = !(infinite | is_nan(x));
    // the first class is the peak, even if its logit is LOWEST
    let up = known & ((x > (*state).peak) | ((*state).rest < 0.0));
    let gap = abs(x - (*state).peak);
    let e = select(0.0, exp_negative(gap), known);
    let moved = spread_by(select(share, before, up), gap);
    (*state).rest = select((*state).rest + e, (1.0 + (*state).rest) * e, up);
    (*state).spread += select(0.0, moved, known);
    // a masked class has probability 0, so its −log p is infinite, and so is the loss if the class has a share, which may be
    // negative
    if masked & (share != 0.0) {
        (*state).spread += share * infinity();
    }
    (*state).peak = select((*state).peak, x, up);
    (*state).other_shares = select((*state).other_shares + share, before, up);
    (*state).peak_share = select((*state).peak_share, share, up);
    (*state).poison |= select(select(UNKNOWN_LOGIT, 0u, masked), 0u, known) | select(0u, UNKNOWN_SHARE, is_nan(share));
}

// Absorbs a class that has no share.
fn fold_absorb_alone(state: ptr<function, State>, x: f32) {
    let infinite = is_infinite(x);
    let known = !(infinite | is_nan(x));
    let up = known & (x > (*state).peak);
    let e = select(0.0, exp_negative(abs(x - (*state).peak)), known);
    (*state).rest = select((*state).rest + e, (1.0 + (*state).rest) * e, up);
    (*state).peak = select((*state).peak, x, up);
    (*state).poison |= select(select(UNKNOWN_LOGIT, 0u, infinite & (x < 0.0)), 0u, known);
}

fn fold_merge(a: State, b: State) -> State {
    var top = a;
    var low = b;
    // the peak of a state without classes, LOWEST, may also be a logit
    if (b.peak > a.peak) | (a.rest < 0.0) {
        top = b;
        low = a;
    }
    let gap = top.peak - low.peak;
    merge_seen(&top, low, gap);
    top.rest += (1.0 + low.rest) * exp_negative(gap);
    top.spread += low.spread + spread_by(mass_of(low), gap);
    top.other_shares += mass_of(low);
    top.poison |= low.poison;
    return top;
}

// What a softmax leaf sees of a position, from `nll` to `lse`, and what the gradient needs besides.
struct Statistics {
    // −log p, 1 − p and weight of the label's class; 0 for a dense target
    nll: f32,
    miss: f32,
    weight: f32,
    // Σ share·(−log p), and the log of the sum of the logits' exponentials
    spread: f32,
    lse: f32,
    peak: f32,
    total: f32,
    rest: f32,
    mass: f32,
    other_shares: f32,
    // the factor of every share; `spread`, `mass` and `other_shares` contain it, the share of a class does not
    share_factor: f32,
    poison: bool,
}

fn fold_finish(state: State, labelled: bool, x_target: f32, weight: f32) -> Statistics {
    var s: Statistics;
    let log_total = log1p(max(state.rest, 0.0));
    s.peak = state.peak;
    s.total = 1.0 + state.rest;
    s.rest = state.rest;
    s.share_factor = share_factor(state);
    s.mass = s.share_factor * mass_of(state);
    s.other_shares = s.share_factor * state.other_shares;
    s.lse = state.peak + log_total;
    s.spread = (s.share_factor * state.spread) + part_of(s.mass, log_total);
    s.poison = (state.poison != 0u) | (state.rest < 0.0);
    if labelled {
        s.weight = weight;
        if is_infinite(x_target) {
            s.nll = infinity();
            s.miss = 1.0;
        } else {
            s.nll = (state.peak - x_target) + log_total;
            let others = select(s.total - exp_negative(state.peak - x_target), state.rest, x_target == state.peak);
            s.miss = others / s.total;
        }
    }
    return s;
}

// The result of a softmax leaf.
struct SoftmaxScore {
    loss: f32,
    d_nll: f32,
    // the extra loss, which a mean divides by the count, and its derivative with respect to lse
    extra: f32,
    d_lse: f32,
}

// What the gradients of all classes of a position need. The loss's derivative with respect to the logit x of a class is
// gain·p + own·p − share_scale·share, where p = exp(x − peak)·one_over is the class's probability. For the label's class, `hit`
// replaces own·p.
struct SoftmaxSlopes {
    peak: f32,
    one_over: f32,
    // the derivative of the loss with respect to −log p of the label; and the factor of p that comes from the shares and lse
    own: f32,
    gain: f32,
    hit: f32,
    share_scale: f32,
    // whether p of the peak's class exceeds ½; and for that class the gain without the class's own share, and 1 − p
    sure: bool,
    gain_beside: f32,
    miss_of_peak: f32,
}

// The derivative of the extra loss with respect to lse, times its scale. A loss without an extra loss has 0, even if the scale is
// infinite or NaN.
fn slope_of_lse(score: SoftmaxScore, scale: f32) -> f32 {
    return select(0.0, scale * score.d_lse, params.has_extra != 0u);
}

fn fold_slopes(s: Statistics, score: SoftmaxScore, scale: vec2<f32>) -> SoftmaxSlopes {
    let of_lse = slope_of_lse(score, scale.y);
    let own = scale.x * score.d_nll;
    let one_over = 1.0 / s.total;
    return SoftmaxSlopes(
        s.peak,
        one_over,
        own,
        part_of(s.mass, scale.x) + of_lse,
        -part_of(own, s.miss),
        scale.x * s.share_factor,
        s.rest < 1.0,
        part_of(s.other_shares, scale.x) + of_lse,
        s.rest * one_over,
    );
}

// The gradient of a class that has no share of its own.
fn fold_write(slopes: SoftmaxSlopes, x: f32, hit: bool) -> f32 {
    let p = exp_negative(slopes.peak - x) * slopes.one_over;
    return (slopes.gain * p) + select(slopes.own * p, slopes.hit, hit);
}

// The gradient of a class that has a share of its own. The shares add mass·p − share to it. If p of the peak's class exceeds ½,
// that class uses (mass − share)·p − share·(1 − p) instead, which does not cancel.
fn fold_write_shared(slopes: SoftmaxSlopes, x: f32, share: f32, hit: bool) -> f32 {
    let p = exp_negative(slopes.peak - x) * slopes.one_over;
    let beside = slopes.sure & (x == slopes.peak);
    let gain = select(slopes.gain, slopes.gain_beside, beside);
    let taken = select(share, share * slopes.miss_of_peak, beside);
    return ((gain * p) + select(slopes.own * p, slopes.hit, hit)) - (slopes.share_scale * taken);
}
