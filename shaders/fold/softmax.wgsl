// The statistics of a softmax over classes: what a walk absorbs, how pieces merge, what the leaf is shown, and the gradient. Uses lib/params lib/math.

// The peak is the greatest logit so far, and `rest` the sum of exp(x − peak) over all others: leaving the peak's own 1 out
// keeps the digits of a confident row. An empty state has a rest of −1, so that 1 + rest is what it adds to another.
struct State {
    peak: f32,
    rest: f32,
    // Σ share·(peak − x) and Σ share
    spread: f32,
    mass: f32,
    // UNKNOWN_LOGIT or UNKNOWN_SHARE or both: what is made of the logits alone has to do with the first only
    poison: u32,
}

const UNKNOWN_LOGIT: u32 = 1u;
const UNKNOWN_SHARE: u32 = 2u;

const LOWEST: f32 = -3.4028234e38;

fn fold_empty() -> State {
    return State(LOWEST, -1.0, 0.0, 0.0, 0u);
}

fn fold_absorb(state: ptr<function, State>, x: f32, share: f32) {
    let before = (*state).mass;
    (*state).mass = before + share;
    if is_nan(share) {
        (*state).poison |= UNKNOWN_SHARE;
    }
    if is_nan(x) || (is_infinite(x) && (x > 0.0)) {
        (*state).poison |= UNKNOWN_LOGIT;
    } else if is_infinite(x) {
        // a masked class: no probability, and infinitely surprising where it has a share
        if share != 0.0 {
            (*state).spread = infinity();
        }
    } else if x > (*state).peak {
        let gap = x - (*state).peak;
        // no mass, no shift: the peak may still be the lowest number there is
        (*state).rest = (1.0 + (*state).rest) * exp_negative(gap);
        (*state).spread += part_of(before, gap);
        (*state).peak = x;
    } else {
        let gap = (*state).peak - x;
        (*state).rest += exp_negative(gap);
        (*state).spread += share * gap;
    }
}

fn fold_merge(a: State, b: State) -> State {
    var top = a;
    var low = b;
    if b.peak > a.peak {
        top = b;
        low = a;
    }
    let gap = top.peak - low.peak;
    top.rest += (1.0 + low.rest) * exp_negative(gap);
    top.spread += low.spread + part_of(low.mass, gap);
    top.mass += low.mass;
    top.poison |= low.poison;
    return top;
}

// What a softmax leaf is shown, and beside it what the gradient needs.
struct Statistics {
    nll: f32,
    miss: f32,
    weight: f32,
    spread: f32,
    lse: f32,
    peak: f32,
    total: f32,
    mass: f32,
    poison: bool,
}

fn fold_finish(state: State, labelled: bool, x_target: f32, weight: f32) -> Statistics {
    var s: Statistics;
    let log_total = log1p(max(state.rest, 0.0));
    s.peak = state.peak;
    s.total = 1.0 + state.rest;
    s.mass = state.mass;
    s.lse = state.peak + log_total;
    s.spread = state.spread + part_of(state.mass, log_total);
    s.poison = (state.poison != 0u) || (state.rest < 0.0);
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

// What a softmax leaf gives.
struct SoftmaxScore {
    loss: f32,
    d_nll: f32,
    // the part that a mean divides by the count, and its derivative with respect to lse
    extra: f32,
    d_lse: f32,
}

// The gradient of a class, p being its probability.
fn fold_write(s: Statistics, score: SoftmaxScore, x: f32, share: f32, hit: bool, scale: vec2<f32>) -> f32 {
    var p = 0.0;
    if !is_infinite(x) {
        p = exp_negative(s.peak - x) / s.total;
    }
    let own = part_of(score.d_nll, select(p, -s.miss, hit));
    return (scale.x * (own + ((s.mass * p) - share))) + (scale.y * score.d_lse * p);
}
