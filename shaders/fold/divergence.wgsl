// Two softmaxes over classes, a student's and a teacher's, and the divergence of the student from the teacher, in states that
// merge.
// needs: lib/class lib/math
// slots: leaf

// A high temperature makes logs of ratios and divergences small. They are stored in units of logits: logs times the
// temperature, divergences times its square.

// The mass of some classes: their greatest logit, and Σ exp((x − peak)/temperature) over the others. Leaving out the peak's
// own 1 keeps the digits of a confident softmax. Without classes the rest is −1.
struct Mass {
    peak: f32,
    rest: f32,
}

// Two sets of classes merge by the chain rule. The divergence over their union is the divergence of how the softmaxes split
// their mass between the two sets, plus each set's own divergence times the set's share of the teacher. No summand is
// negative, so that the divergence of two nearly equal softmaxes keeps its digits.
struct State {
    teacher: Mass,
    student: Mass,
    // log(teacher's mass / student's mass), in logits, from differences of logits, which are exact if both are nearly equal
    lead: f32,
    // the divergence of the student from the teacher within these classes, in squared logits, times the teacher's total; or,
    // with PAIRS, the teacher's logit for the class of the student's peak
    excess: f32,
    // whether a logit is NaN or +∞, and whether the student masks a class that the teacher does not mask
    poison: u32,
    torn: u32,
}

// whether `excess` holds the teacher's logit for the class of the student's peak, rather than the divergence
override PAIRS: bool = false;

const LOWEST: f32 = -3.4028234e38;

// The greatest lead, in units of the temperature, that is used. A greater lead has a larger rounding error than the logs of
// the masses.
const EXACT: f32 = 8.0;

// A finite number in place of log-odds of −∞.
const NEVER: f32 = -1e6;

fn fold_empty() -> State {
    return State(Mass(LOWEST, -1.0), Mass(LOWEST, -1.0), 0.0, 0.0, 0u, 0u);
}

fn tempered(gap: f32) -> f32 {
    return gap / divergence_temperature();
}

// Converts from units of the temperature back to logits.
fn in_logits(x: f32) -> f32 {
    return x * divergence_temperature();
}

// exp(y) − 1 − y for y = gap/temperature, in squared logits.
fn excess_of(gap: f32) -> f32 {
    let y = tempered(gap);
    if abs(y) > 1.0 {
        return in_logits(in_logits(exp_excess(y)));
    }
    return gap * gap * exp_excess_share(y);
}

fn is_exact(lead: f32) -> bool {
    return abs(tempered(lead)) <= EXACT;
}

fn has_no_softmax(x: f32) -> bool {
    return is_nan(x) | (is_infinite(x) & (x > 0.0));
}

// The mass of one class: nothing if it is masked.
fn mass_of(x: f32) -> Mass {
    if is_masked(x) {
        return Mass(LOWEST, -1.0);
    }
    return Mass(x, 0.0);
}

fn total_of(mass: Mass) -> f32 {
    return 1.0 + mass.rest;
}

fn absorb_class(state: ptr<function, State>, seen: Class, label_class: LabelClass) {
    let unmasked = !(is_masked(seen.x) | is_masked(seen.t));
    if has_no_softmax(seen.x) | has_no_softmax(seen.t) {
        (*state).poison = 1u;
        return;
    }
    let lead = select(0.0, seen.t - seen.x, unmasked);
    let torn = u32(is_masked(seen.x) & !is_masked(seen.t));
    *state = fold_merge(*state, State(mass_of(seen.t), mass_of(seen.x), lead, select(0.0, seen.t, PAIRS), 0u, torn));
}

// Adds a class to a mass. There are no branches, because compilers for SIMD lanes execute both sides of one.
fn with_class(mass: Mass, x: f32, counts: bool) -> Mass {
    let up = counts & (x > mass.peak);
    let e = select(0.0, exp_negative(tempered(abs(x - mass.peak))), counts);
    return Mass(select(mass.peak, x, up), select(mass.rest + e, total_of(mass) * e, up));
}

// The first of two sweeps over classes: adds a class to both softmaxes.
fn absorb_masses(state: ptr<function, State>, seen: Class, live: bool) {
    let none = has_no_softmax(seen.x) | has_no_softmax(seen.t);
    let masked = vec2<bool>(is_masked(seen.t), is_masked(seen.x));
    (*state).poison |= select(0u, 1u, live & none);
    (*state).torn |= select(0u, 1u, live & masked.y & !masked.x);
    (*state).teacher = with_class((*state).teacher, seen.t, live & !(none | masked.x));
    (*state).student = with_class((*state).student, seen.x, live & !(none | masked.y));
}

// The second sweep computes a more exact lead; and the divergence or, with PAIRS, the teacher's logit for the class of the
// student's peak. For each class, r is the log of the teacher's probability p over the student's, from a lead that is nearly
// exact. The class adds p·(exp(−r) − 1 + r), which is never negative, to the divergence. It adds p·(exp(−r) − 1) to the drift,
// which is 0 if the lead is exact. The drift is in logits.
struct SecondSweep {
    peaks: vec2<f32>,
    one_over: vec2<f32>,
    lead: f32,
    // log(teacher's total / student's total): for a great lead, ratios come from it and the gaps to the peaks, which then
    // keep more digits
    log_totals: f32,
    excess: f32,
    drift: f32,
}

fn second_sweep(state: State) -> SecondSweep {
    let totals = vec2<f32>(total_of(state.teacher), total_of(state.student));
    let full = is_full(state);
    let some = select(vec2<f32>(1.0), totals, full);
    let peaks = vec2<f32>(state.teacher.peak, state.student.peak);
    let log_ratio = log_of(some.x / some.y);
    // a smaller log is only the rounding of the ratio, which a high temperature would magnify
    let log_totals = select(0.0, log_ratio, abs(log_ratio) > 2.5e-7);
    let lead = select(0.0, peaks.x - peaks.y, full) + in_logits(log_totals);
    return SecondSweep(peaks, select(vec2<f32>(0.0), 1.0 / some, full), lead, log_totals, 0.0, 0.0);
}

fn compare_class(sweep: ptr<function, SecondSweep>, seen: Class, live: bool) {
    let unmasked = !vec2<bool>(is_masked(seen.t), is_masked(seen.x));
    let gaps = select(vec2<f32>(0.0), (*sweep).peaks - vec2<f32>(seen.t, seen.x), unmasked);
    let shares = vec2<f32>(exp_negative(tempered(gaps.x)), exp_negative(tempered(gaps.y))) * (*sweep).one_over;
    let p = select(vec2<f32>(0.0), shares, unmasked & vec2<bool>(live));
    let by_peaks = (gaps.y - gaps.x) - in_logits((*sweep).log_totals);
    let ratio = select(by_peaks, (seen.t - seen.x) - (*sweep).lead, is_exact((*sweep).lead));
    // past the end of a row the loaded values may be anything
    let both = live & all(unmasked);
    let in_units = select(0.0, ratio, both);
    let r = tempered(in_units);
    let near = both & (abs(r) <= 1.0);
    let little = in_units * in_units * exp_excess_share(select(0.0, -r, near));
    let far = in_logits(p.y - p.x);
    if PAIRS {
        (*sweep).excess = select((*sweep).excess, seen.t, live & (seen.x == (*sweep).peaks.y));
    } else {
        (*sweep).excess += select(in_logits(far + part_of(p.x, in_units)), p.x * little, near);
    }
    (*sweep).drift += select(far, p.x * (tempered(little) - in_units), near);
}

// y − log(1 + y) for y = drift/temperature, in squared logits.
fn log_excess_of(drift: f32) -> f32 {
    let y = tempered(drift);
    if abs(y) > 0.05 {
        return in_logits(in_logits(y - log1p(max(y, -0.5))));
    }
    return drift * drift * (0.5 + y * (-0.33333333 + y * (0.25 + y * (-0.2 + y * 0.16666667))));
}

fn swept(state: State, sweep: SecondSweep) -> State {
    let excess = log_excess_of(sweep.drift);
    var after = state;
    after.lead = sweep.lead - (sweep.drift - tempered(excess));
    let divergence = select(max(sweep.excess - excess, 0.0), sweep.excess, is_infinite(sweep.excess));
    after.excess = select(divergence * total_of(state.teacher), sweep.excess, PAIRS);
    return after;
}

// The factors that rescale two totals to the greater of their peaks.
fn shrink(a: Mass, b: Mass) -> vec2<f32> {
    let gap = a.peak - b.peak;
    let rest = exp_negative(tempered(abs(gap)));
    return select(vec2<f32>(1.0, rest), vec2<f32>(rest, 1.0), gap < 0.0);
}

fn joined(a: Mass, b: Mass, left: vec2<f32>) -> Mass {
    if a.peak < b.peak {
        return Mass(b.peak, b.rest + (left.x * total_of(a)));
    }
    return Mass(a.peak, a.rest + (left.y * total_of(b)));
}

// log(mass a / mass b), in units of the temperature.
fn odds(a: Mass, b: Mass) -> f32 {
    if total_of(a) == 0.0 {
        return NEVER;
    }
    if total_of(b) == 0.0 {
        return -NEVER;
    }
    return tempered(a.peak - b.peak) + log(total_of(a) / total_of(b));
}

fn is_full(state: State) -> bool {
    return (total_of(state.teacher) > 0.0) & (total_of(state.student) > 0.0);
}

// The teacher's logit for the class of the student's peak. The greater peak is the one that `joined` takes; the peak of a side
// without classes, LOWEST, may also be a logit.
fn pair_of(a: State, b: State) -> f32 {
    return select(a.excess, b.excess, (a.student.peak < b.student.peak) | (total_of(a.student) == 0.0));
}

fn fold_merge(a: State, b: State) -> State {
    let left_t = shrink(a.teacher, b.teacher);
    let left_s = shrink(a.student, b.student);
    var merged: State;
    merged.teacher = joined(a.teacher, b.teacher, left_t);
    merged.student = joined(a.student, b.student, left_s);
    merged.excess = part_of(left_t.x, a.excess) + part_of(left_t.y, b.excess);
    merged.poison = a.poison | b.poison;
    merged.torn = a.torn | b.torn;
    let full = is_full(a) & is_full(b);
    let total = total_of(merged.teacher);
    let near = is_exact(a.lead) & is_exact(b.lead);
    var of_t = odds(a.teacher, b.teacher);
    var of_s = odds(a.student, b.student);
    let whole_lead = in_logits(odds(merged.teacher, merged.student));
    // the odds of both may be infinite, where a low temperature magnifies gaps between great logits
    var apart = select(of_t - of_s, 0.0, of_t == of_s);
    let gap = select(in_logits(apart), a.lead - b.lead, near);
    if full & (abs(tempered(gap)) <= 1.0) {
        // `between` is log(p·exp(−(1 − p)·y) + (1 − p)·exp(p·y)) for y = gap/temperature, in squared logits; p is a's share of
        // the teacher
        let p = (left_t.x * total_of(a.teacher)) / total;
        let up = p * gap;
        let beyond = (p * excess_of(up - gap)) + ((1.0 - p) * excess_of(up));
        let between = beyond * log1p_share(tempered(tempered(beyond)));
        merged.lead = select(whole_lead, (b.lead + up) - tempered(between), near);
        merged.excess = select(merged.excess + (total * between), pair_of(a, b), PAIRS);
        return merged;
    }
    // a large gap, or a side without classes: `between` is softplus(of_s) − softplus(of_t) − sigmoid(of_t)·(of_s − of_t), with
    // the odds of the side that has less of the teacher's mass
    merged.lead = b.lead;
    if of_t > 0.0 {
        of_t = -of_t;
        of_s = -of_s;
        apart = -apart;
        merged.lead = a.lead;
    }
    let loss = softplus(of_s) - softplus(of_t);
    merged.lead = select(whole_lead, merged.lead - in_logits(loss), is_exact(merged.lead));
    let split = select(loss + part_of(sigmoid(of_t), apart), loss, is_infinite(of_t) | is_infinite(loss));
    let between = in_logits(in_logits(split));
    merged.excess = select(merged.excess + part_of(total, between), pair_of(a, b), PAIRS);
    return merged;
}

// The result of a divergence leaf.
struct DivergenceScore {
    loss: f32,
    d: f32,
}

fn probability_of(x: f32, mass: Mass) -> f32 {
    if is_masked(x) {
        return 0.0;
    }
    return exp_negative(tempered(mass.peak - x)) / total_of(mass);
}

// 1 − p: the share of all other classes in a mass.
fn others_of(x: f32, mass: Mass) -> f32 {
    let others = total_of(mass) - exp_negative(tempered(mass.peak - x));
    return select(others, mass.rest, x == mass.peak) / total_of(mass);
}
