// The divergence of a student's softmax over classes from a teacher's, by parts that merge.
// needs: lib/class lib/math lib/params
// slots: leaf

// A high temperature makes logs of ratios and divergences small. They are kept in units of logits: logs times the
// temperature, divergences times its square.

// The greatest logit of some classes, and Σ exp(x − peak) of all others, in units of the temperature: leaving the peak's own
// 1 out keeps the digits of a confident softmax. No class has a rest of −1.
struct Mass {
    peak: f32,
    rest: f32,
}

// The divergence of a union is that of how the two softmaxes share it between its parts, plus the parts' own, each by its
// share of the teacher: no term is negative, so that the divergence of two that are nearly alike keeps its digits.
struct State {
    teacher: Mass,
    student: Mass,
    // the log of the teacher's mass over the student's, in logits: from their differences, which are exact where these are alike
    lead: f32,
    // the divergence of the student from the teacher within these classes, in squared logits, times the teacher's total
    excess: f32,
    // whether there is no softmax, and whether a class that the teacher has is masked for the student
    poison: u32,
    torn: u32,
}

const LOWEST: f32 = -3.4028234e38;

// The greatest lead, in units of the temperature, that is worth keeping: beyond, its own rounding is worse than that of the masses' logs.
const EXACT: f32 = 8.0;

// Stands for the log-odds of nothing.
const NEVER: f32 = -1e6;

fn fold_empty() -> State {
    return State(Mass(LOWEST, -1.0), Mass(LOWEST, -1.0), 0.0, 0.0, 0u, 0u);
}

fn tempered(gap: f32) -> f32 {
    return gap / divergence_temperature();
}

// The other way: a number in logits.
fn in_logits(x: f32) -> f32 {
    return x * divergence_temperature();
}

// exp(y) − 1 − y of a gap of logits over the temperature, in squared logits.
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

fn is_masked(x: f32) -> bool {
    return is_infinite(x) & (x < 0.0);
}

fn has_no_softmax(x: f32) -> bool {
    return is_nan(x) | (is_infinite(x) & (x > 0.0));
}

// What a class adds to a softmax: nothing where it is masked.
fn mass_of(x: f32) -> Mass {
    if is_masked(x) {
        return Mass(LOWEST, -1.0);
    }
    return Mass(x, 0.0);
}

fn total_of(mass: Mass) -> f32 {
    return 1.0 + mass.rest;
}

fn absorb_class(state: ptr<function, State>, seen: Class, place: Place) {
    let unmasked = !(is_masked(seen.x) | is_masked(seen.t));
    if has_no_softmax(seen.x) | has_no_softmax(seen.t) {
        (*state).poison = 1u;
        return;
    }
    let lead = select(0.0, seen.t - seen.x, unmasked);
    let torn = u32(is_masked(seen.x) & !is_masked(seen.t));
    *state = fold_merge(*state, State(mass_of(seen.t), mass_of(seen.x), lead, 0.0, 0u, torn));
}

// A softmax with one more class. No branches: compilers for lanes go through both sides of one.
fn with_class(mass: Mass, x: f32, counts: bool) -> Mass {
    let up = counts & (x > mass.peak);
    let e = select(0.0, exp_negative(tempered(abs(x - mass.peak))), counts);
    return Mass(select(mass.peak, x, up), select(mass.rest + e, total_of(mass) * e, up));
}

// The first of two looks at classes: their softmaxes alone.
fn absorb_masses(state: ptr<function, State>, seen: Class, live: bool) {
    let none = has_no_softmax(seen.x) | has_no_softmax(seen.t);
    let masked = vec2<bool>(is_masked(seen.t), is_masked(seen.x));
    (*state).poison |= select(0u, 1u, live & none);
    (*state).torn |= select(0u, 1u, live & masked.y & !masked.x);
    (*state).teacher = with_class((*state).teacher, seen.t, live & !(none | masked.x));
    (*state).student = with_class((*state).student, seen.x, live & !(none | masked.y));
}

// The second: how far the two softmaxes are apart. Of a class with the log r of their ratio, as a nearly right lead has it, the
// divergence has p·(exp(−r) − 1 + r), which is never negative, and the error of the lead shows in p·(exp(−r) − 1) alone: the
// drift, in logits.
struct Look {
    peaks: vec2<f32>,
    one_over: vec2<f32>,
    lead: f32,
    // the log of the totals' ratio: a great lead is taken from the peaks, whose differences keep more digits then
    log_totals: f32,
    excess: f32,
    drift: f32,
}

fn look_again(state: State) -> Look {
    let totals = vec2<f32>(total_of(state.teacher), total_of(state.student));
    let full = is_full(state);
    let some = select(vec2<f32>(1.0), totals, full);
    let peaks = vec2<f32>(state.teacher.peak, state.student.peak);
    let log_ratio = log_of(some.x / some.y);
    // less is but the rounding of the ratio, which a high temperature would make much of
    let log_totals = select(0.0, log_ratio, abs(log_ratio) > 2.5e-7);
    let lead = select(0.0, peaks.x - peaks.y, full) + in_logits(log_totals);
    return Look(peaks, select(vec2<f32>(0.0), 1.0 / some, full), lead, log_totals, 0.0, 0.0);
}

fn compare_class(look: ptr<function, Look>, seen: Class, live: bool) {
    let unmasked = !vec2<bool>(is_masked(seen.t), is_masked(seen.x));
    let gaps = select(vec2<f32>(0.0), (*look).peaks - vec2<f32>(seen.t, seen.x), unmasked);
    let shares = vec2<f32>(exp_negative(tempered(gaps.x)), exp_negative(tempered(gaps.y))) * (*look).one_over;
    let p = select(vec2<f32>(0.0), shares, unmasked & vec2<bool>(live));
    let by_peaks = (gaps.y - gaps.x) - in_logits((*look).log_totals);
    let ratio = select(by_peaks, (seen.t - seen.x) - (*look).lead, is_exact((*look).lead));
    // beyond a row's end lies anything
    let both = live & all(unmasked);
    let in_units = select(0.0, ratio, both);
    let r = tempered(in_units);
    let near = both & (abs(r) <= 1.0);
    let little = in_units * in_units * exp_excess_share(select(0.0, -r, near));
    let far = in_logits(p.y - p.x);
    (*look).excess += select(in_logits(far + part_of(p.x, in_units)), p.x * little, near);
    (*look).drift += select(far, p.x * (tempered(little) - in_units), near);
}

// y − log(1 + y) of a drift over the temperature, in squared logits.
fn log_excess_of(drift: f32) -> f32 {
    let y = tempered(drift);
    if abs(y) > 0.05 {
        return in_logits(in_logits(y - log1p(max(y, -0.5))));
    }
    return drift * drift * (0.5 + y * (-0.33333333 + y * (0.25 + y * (-0.2 + y * 0.16666667))));
}

fn looked(state: State, look: Look) -> State {
    let excess = log_excess_of(look.drift);
    var after = state;
    after.lead = look.lead - (look.drift - tempered(excess));
    after.excess = max(look.excess - excess, 0.0) * total_of(state.teacher);
    return after;
}

// What of each total is left beside the greater peak.
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

// The log of a mass over another.
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

fn fold_merge(a: State, b: State) -> State {
    let left_t = shrink(a.teacher, b.teacher);
    let left_s = shrink(a.student, b.student);
    var merged: State;
    merged.teacher = joined(a.teacher, b.teacher, left_t);
    merged.student = joined(a.student, b.student, left_s);
    merged.excess = dot(left_t, vec2<f32>(a.excess, b.excess));
    merged.poison = a.poison | b.poison;
    merged.torn = a.torn | b.torn;
    let full = is_full(a) & is_full(b);
    let total = total_of(merged.teacher);
    let near = is_exact(a.lead) & is_exact(b.lead);
    var of_t = odds(a.teacher, b.teacher);
    var of_s = odds(a.student, b.student);
    let whole_lead = in_logits(odds(merged.teacher, merged.student));
    let gap = select(in_logits(of_t - of_s), a.lead - b.lead, near);
    if full & (abs(tempered(gap)) <= 1.0) {
        // log(p·exp(−(1 − p)·gap) + (1 − p)·exp(p·gap)), p being a's share of the teacher
        let p = (left_t.x * total_of(a.teacher)) / total;
        let up = p * gap;
        let beyond = (p * excess_of(up - gap)) + ((1.0 - p) * excess_of(up));
        let between = beyond * log1p_share(tempered(tempered(beyond)));
        merged.lead = select(whole_lead, (b.lead + up) - tempered(between), near);
        merged.excess += total * between;
        return merged;
    }
    // the same as softplus(of_s) − softplus(of_t) − sigmoid(of_t)·(of_s − of_t), seen from the part that is less to the teacher
    merged.lead = b.lead;
    if of_t > 0.0 {
        of_t = -of_t;
        of_s = -of_s;
        merged.lead = a.lead;
    }
    let loss = softplus(of_s) - softplus(of_t);
    merged.lead = select(whole_lead, merged.lead - in_logits(loss), is_exact(merged.lead));
    merged.excess += total * in_logits(in_logits(loss + (sigmoid(of_t) * (of_t - of_s))));
    return merged;
}

struct Statistics {
    divergence: f32,
    teacher: Mass,
    student: Mass,
    lead: f32,
    torn: bool,
    weight: f32,
    poison: bool,
}

fn finish_place(state: State, place: Place) -> Statistics {
    let poison = (state.poison != 0u) | !is_full(state);
    let torn = state.torn != 0u;
    let divergence = select(state.excess / total_of(state.teacher), infinity(), torn);
    return Statistics(divergence, state.teacher, state.student, state.lead, torn, 1.0, poison);
}

// What a divergence leaf gives.
struct DivergenceScore {
    loss: f32,
    d: f32,
}

struct Score {
    loss: f32,
    extra: f32,
    d: f32,
}

fn score_place(s: Statistics) -> Score {
    let score = divergence_score(s.divergence);
    return Score(score.loss, 0.0, score.d);
}

fn probability_of(x: f32, mass: Mass) -> f32 {
    if is_masked(x) {
        return 0.0;
    }
    return exp_negative(tempered(mass.peak - x)) / total_of(mass);
}

// 1 − p: what of a mass is not this class's.
fn others_of(x: f32, mass: Mass) -> f32 {
    let others = total_of(mass) - exp_negative(tempered(mass.peak - x));
    return select(others, mass.rest, x == mass.peak) / total_of(mass);
}

struct Slopes {
    s: Statistics,
    scale: f32,
}

fn slopes_of(s: Statistics, score: Score, scale: vec2<f32>) -> Slopes {
    return Slopes(s, scale.x * score.d);
}

// The student's probability minus the teacher's, times the temperature: by the log of their ratio where that is small, or by
// what each leaves.
fn write_class(slopes: Slopes, seen: Class) -> f32 {
    let s = slopes.s;
    let p = probability_of(seen.t, s.teacher);
    let of_student = probability_of(seen.x, s.student);
    var more = in_logits(of_student - p);
    // the error of the ratio's log is a share of the lead: what leaves less to the others is better told by these
    var by_ratio = !(s.torn | is_masked(seen.x) | is_masked(seen.t)) & is_exact(s.lead);
    if min(p, of_student) > 0.5 {
        let left_by_teacher = others_of(seen.t, s.teacher);
        let left_by_student = others_of(seen.x, s.student);
        more = in_logits(left_by_teacher - left_by_student);
        by_ratio = by_ratio & ((left_by_teacher + left_by_student) >= abs(tempered(s.lead)));
    }
    if by_ratio {
        let log_ratio = s.lead - (seen.t - seen.x);
        if abs(tempered(log_ratio)) <= 1.0 {
            more = p * (log_ratio + tempered(excess_of(log_ratio)));
        }
    }
    return slopes.scale * more;
}
