// The divergence of a student's softmax over classes from a teacher's, by parts that merge. Uses lib/component lib/params lib/math lib/class losses/divergence/distillation.

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
    // the log of the teacher's mass over the student's: from differences of logits, which are exact where these are alike
    lead: f32,
    // the divergence of the student from the teacher within these classes, times the teacher's total
    excess: f32,
    // whether there is no softmax, and whether a class that the teacher has is masked for the student
    poison: u32,
    torn: u32,
}

const LOWEST: f32 = -3.4028234e38;

// The greatest lead that is worth keeping: beyond, its own rounding is worse than that of the masses' logs.
const EXACT: f32 = 8.0;

// Stands for the log-odds of nothing.
const NEVER: f32 = -1e6;

fn fold_empty() -> State {
    return State(Mass(LOWEST, -1.0), Mass(LOWEST, -1.0), 0.0, 0.0, 0u, 0u);
}

fn tempered(gap: f32) -> f32 {
    return gap / divergence_temperature();
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
    let lead = select(0.0, tempered(seen.t - seen.x), unmasked);
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
// divergence has p·(exp(−r) − 1 + r), which is never negative, and the error of the lead shows in p·(exp(−r) − 1) alone.
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
    let log_totals = log(some.x / some.y);
    let lead = select(0.0, tempered(peaks.x - peaks.y), full) + log_totals;
    return Look(peaks, select(vec2<f32>(0.0), 1.0 / some, full), lead, log_totals, 0.0, 0.0);
}

fn compare_class(look: ptr<function, Look>, seen: Class, live: bool) {
    let unmasked = !vec2<bool>(is_masked(seen.t), is_masked(seen.x));
    let gaps = select(vec2<f32>(0.0), (*look).peaks - vec2<f32>(seen.t, seen.x), unmasked);
    let shares = vec2<f32>(exp_negative(tempered(gaps.x)), exp_negative(tempered(gaps.y))) * (*look).one_over;
    let p = select(vec2<f32>(0.0), shares, unmasked & vec2<bool>(live));
    let exact = abs((*look).lead) <= EXACT;
    let ratio = select(tempered(gaps.y - gaps.x) - (*look).log_totals, tempered(seen.t - seen.x) - (*look).lead, exact);
    // beyond a row's end lies anything
    let both = live & all(unmasked);
    let r = select(0.0, ratio, both);
    let near = both & (abs(r) <= 1.0);
    let little = exp_excess_near(select(0.0, -r, near));
    (*look).excess += select((p.y - p.x) + part_of(p.x, r), p.x * little, near);
    (*look).drift += select(p.y - p.x, p.x * (little - r), near);
}

fn looked(state: State, look: Look) -> State {
    let moved = log1p(max(look.drift, -0.5));
    var after = state;
    after.lead = look.lead - moved;
    after.excess = max(look.excess - (look.drift - moved), 0.0) * total_of(state.teacher);
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
    let near = max(abs(a.lead), abs(b.lead)) <= EXACT;
    var of_t = odds(a.teacher, b.teacher);
    var of_s = odds(a.student, b.student);
    let gap = select(of_t - of_s, a.lead - b.lead, near);
    if full & (abs(gap) <= 1.0) {
        // log(p·exp(−(1 − p)·gap) + (1 − p)·exp(p·gap)), p being a's share of the teacher
        let p = (left_t.x * total_of(a.teacher)) / total;
        let up = p * gap;
        let between = log1p((p * exp_excess(up - gap)) + ((1.0 - p) * exp_excess(up)));
        merged.lead = select(odds(merged.teacher, merged.student), (b.lead + up) - between, near);
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
    merged.lead = select(odds(merged.teacher, merged.student), merged.lead - loss, abs(merged.lead) <= EXACT);
    merged.excess += total * (loss + (sigmoid(of_t) * (of_t - of_s)));
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
    return Slopes(s, scale.x * tempered(score.d));
}

// The student's probability minus the teacher's: by the log of their ratio where that is small, or by what each leaves.
fn write_class(slopes: Slopes, seen: Class) -> f32 {
    let s = slopes.s;
    let p = probability_of(seen.t, s.teacher);
    let of_student = probability_of(seen.x, s.student);
    var more = of_student - p;
    // the error of the ratio's log is a share of the lead: what leaves less to the others is better told by these
    var by_ratio = !(s.torn | is_masked(seen.x) | is_masked(seen.t)) & (abs(s.lead) <= EXACT);
    if min(p, of_student) > 0.5 {
        let left_by_teacher = others_of(seen.t, s.teacher);
        let left_by_student = others_of(seen.x, s.student);
        more = left_by_teacher - left_by_student;
        by_ratio = by_ratio & ((left_by_teacher + left_by_student) >= abs(s.lead));
    }
    if by_ratio {
        let log_ratio = s.lead - tempered(seen.t - seen.x);
        if abs(log_ratio) <= 1.0 {
            more = p * (log_ratio + exp_excess(log_ratio));
        }
    }
    return slopes.scale * more;
}
