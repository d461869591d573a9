// A student's and a teacher's softmax, each compared with a mixture of both, as a fold over the classes of a position. Once
// both softmaxes are known for the whole row, a second walk over its classes sums what each adds to the divergence.
// needs: lib/class lib/math lib/params fold/divergence
// slots: leaf

// With the probabilities v of the teacher and u of the student, the mixture m = β·v + (1 − β)·u, and the logs r = log(v/u),
// q = log(m/u) and q − r = log(m/v), a class adds β·v·E(q − r) + (1 − β)·u·E(q) to the divergence, for E(y) = exp(y) − 1 − y.
// Neither summand is negative, and both are exact where student and teacher nearly agree. The gradient is
// (1 − β)·u·(log(u/m) − its mean under the student). A number common to all log(u/m) cancels there, and takes digits with it.
// So log(u/m) at the student's peak is first subtracted from each: the difference is called the lift of a class.
struct Sums {
    // in squared logits
    divergence: f32,
    // Σ u·lift, in logits
    lift: f32,
}

const NO_SUMS: Sums = Sums(0.0, 0.0);

// The sums of this invocation's position.
var<private> compared: Sums;

// The sums as a state, so that they can be stored where states are.
fn state_of_sums(sums: Sums) -> State {
    var state = fold_empty();
    state.excess = sums.divergence;
    state.lead = sums.lift;
    return state;
}

fn sums_of(state: State) -> Sums {
    return Sums(state.excess, state.lead);
}

fn sums_merge(a: Sums, b: Sums) -> Sums {
    return Sums(a.divergence + b.divergence, a.lift + b.lift);
}

// The facts about the whole row that the comparison of a class needs.
struct Whole {
    teacher: Mass,
    student: Mass,
    lead: f32,
    // whether the lead has more digits than the logs of the masses
    exact: bool,
    // log(teacher's total / student's total)
    log_totals: f32,
    beta: f32,
    // the weights of the teacher's and of the student's divergence
    weights: vec2<f32>,
    // the teacher's logit for the class of the student's peak
    pair: f32,
    // at the class of the student's peak: β·v/m, log(β·u/m) and log((1 − β)·u/m)
    share: f32,
    log_beta: f32,
    log_rest: f32,
}

fn whole_of(state: State) -> Whole {
    let full = is_full(state);
    let log_ratio = log_of(select(1.0, total_of(state.teacher) / total_of(state.student), full));
    // a smaller log is only the rounding of the ratio, which a high temperature would magnify
    let log_totals = select(0.0, log_ratio, abs(log_ratio) > 2.5e-7);
    // the lead of a torn state also comes from classes that the teacher has and the student masks
    let exact = is_exact(state.lead) & (state.torn == 0u);
    let beta = divergence_mixture();
    // where β is 0 or 1, the mixture is the student or the teacher alone, and only the other's divergence from it counts
    let mixed = (beta > 0.0) & (beta < 1.0);
    let weights = select(vec2<f32>(1.0 - beta, beta), vec2<f32>(beta, 1.0 - beta), mixed);
    var whole = Whole(state.teacher, state.student, state.lead, exact, log_totals, beta, weights, state.excess, 0.0, 0.0, 0.0);
    let r = tempered(log_ratio_at(whole, state.excess, state.student.peak));
    let q = log_mixed(beta, r);
    whole.log_beta = log_of(beta) - q;
    whole.log_rest = log_of(1.0 - beta) - q;
    whole.share = exp_any(min(whole.log_beta + r, 0.0));
    return whole;
}

// log(1 − share + share·exp(r)).
fn log_mixed(share: f32, r: f32) -> f32 {
    if r > 80.0 {
        return r + log_of(share + ((1.0 - share) * exp_negative(r)));
    }
    let y = share * expm1(r);
    if y < -0.5 {
        return log_of((1.0 - share) + (share * exp_any(r)));
    }
    return log1p(y);
}

// The size of log(v/u), in units of the temperature, where one of the two is 0.
const FAR: f32 = 1e6;

// log(v/u) of a class, in logits.
fn log_ratio_at(whole: Whole, t: f32, x: f32) -> f32 {
    let of_teacher = !is_masked(t);
    let of_student = !is_masked(x);
    let v = probability_of(t, whole.teacher);
    let u = probability_of(x, whole.student);
    let gaps = vec2<f32>(whole.teacher.peak - t, whole.student.peak - x);
    let by_peaks = (gaps.y - gaps.x) - in_logits(whole.log_totals);
    let by_lead = (t - x) - whole.lead;
    let left_by_teacher = others_of(t, whole.teacher);
    let left_by_student = others_of(x, whole.student);
    // `by_lead` has an error proportional to the lead; if both softmaxes leave less probability than that to the other
    // classes, these two small probabilities are more exact
    let lead_is_better = whole.exact & ((left_by_teacher + left_by_student) >= abs(tempered(whole.lead)));
    var ratio = select(by_peaks, by_lead, whole.exact);
    if (min(v, u) > 0.5) & !lead_is_better {
        ratio = in_logits(log1p_near(-left_by_teacher) - log1p_near(-left_by_student));
    }
    let one_sided = in_logits(select(FAR, -FAR, of_student));
    return select(one_sided, ratio, of_teacher & of_student);
}

// log(u/m) of a class less that of the student's peak, in logits. `r` is log(v/u).
fn lift_of(whole: Whole, seen: Class, r: f32) -> f32 {
    // r less the r of the peak, from the logits alone, subtracted in the order that rounds less
    let pair_gap = whole.pair - whole.student.peak;
    let by_gaps = (seen.t - whole.pair) - (seen.x - whole.student.peak);
    let by_pairs = (seen.t - seen.x) - pair_gap;
    let rise_in_logits = select(by_gaps, by_pairs, is_exact(pair_gap));
    if whole.beta >= 1.0 {
        return -rise_in_logits;
    }
    let both = !(is_masked(seen.t) | is_masked(seen.x) | is_masked(whole.pair));
    let rise = tempered(select(0.0, rise_in_logits, both));
    // 1 + y is m/u of the class over m/u of the peak
    let z = whole.log_beta + r;
    let y = select(exp_any(min(z, 80.0)) - whole.share, whole.share * expm1(rise), both & (abs(rise) <= 1.0));
    var log_ratio = log1p(max(y, -0.5));
    if y < -0.5 {
        log_ratio = max(z, whole.log_rest) + log1p_near(exp_negative(abs(z - whole.log_rest)));
    }
    return -in_logits(select(log_ratio, z, z > 80.0));
}

// A class as it is compared.
struct Compared {
    // the student's probability, and the teacher's
    u: f32,
    v: f32,
    divergence: f32,
    // log(u/m) less that of the student's peak, in logits
    lift: f32,
}

fn compare(whole: Whole, seen: Class) -> Compared {
    let of_teacher = !is_masked(seen.t);
    let of_student = !is_masked(seen.x);
    let v = probability_of(seen.t, whole.teacher);
    let u = probability_of(seen.x, whole.student);
    let r = tempered(log_ratio_at(whole, seen.t, seen.x));
    let beta = whole.beta;
    // log(m/u) and log(m/v)
    var q = log_mixed(beta, r);
    var p = log_mixed(1.0 - beta, -r);
    if beta <= 0.0 {
        q = 0.0;
        p = -r;
    }
    if beta >= 1.0 {
        q = r;
        p = 0.0;
    }
    let w = whole.weights;
    var divergence = 0.0;
    if abs(r) <= 1.0 {
        let by_teacher = in_logits(p) * in_logits(p) * exp_excess_share(p);
        let by_student = in_logits(q) * in_logits(q) * exp_excess_share(q);
        divergence = (w.x * v * by_teacher) + (w.y * u * by_student);
    } else {
        // the weighted differences m − v and m − u, which cancel unless the mixture is one of the two softmaxes
        let beside = select(0.0, (w.y - w.x) * (v - u), (beta <= 0.0) | (beta >= 1.0));
        divergence = in_logits(in_logits((beside - part_of(w.x * v, p)) - part_of(w.y * u, q)));
    }
    // the mixture is one of the two softmaxes, and the other has a class that it lacks
    if (of_teacher & !of_student & (beta <= 0.0)) | (of_student & !of_teacher & (beta >= 1.0)) {
        divergence = infinity();
    }
    let lift = select(0.0, lift_of(whole, seen, r), of_student);
    return Compared(u, v, max(divergence, 0.0), lift);
}

fn sum_class(whole: Whole, sums: ptr<function, Sums>, seen: Class, live: bool) {
    let part = compare(whole, seen);
    (*sums).divergence += select(0.0, part.divergence, live);
    (*sums).lift += select(0.0, part_of(part.u, part.lift), live);
}

struct Statistics {
    whole: Whole,
    sums: Sums,
    weight: f32,
    poison: bool,
}

fn finish_position(state: State, label_class: LabelClass) -> Statistics {
    return Statistics(whole_of(state), compared, 1.0, (state.poison != 0u) | !is_full(state));
}

struct Score {
    loss: f32,
    extra: f32,
    d: f32,
}

fn score_position(s: Statistics) -> Score {
    let score = divergence_score(s.sums.divergence);
    return Score(score.loss, 0.0, score.d);
}

struct Slopes {
    s: Statistics,
    scale: f32,
}

fn slopes_of(s: Statistics, score: Score, scale: vec2<f32>) -> Slopes {
    return Slopes(s, scale.x * score.d);
}

// (1 − β)·u·(log(u/m) − its mean under the student), times the temperature.
fn write_class(slopes: Slopes, seen: Class) -> f32 {
    let whole = slopes.s.whole;
    let sums = slopes.s.sums;
    let part = compare(whole, seen);
    var d = whole.weights.y * part_of(part.u, part.lift - sums.lift);
    if whole.beta <= 0.0 {
        d = in_logits(part.u - part.v);
    }
    // the mixture is the teacher, and the student has a class that the teacher masks: the loss is infinite, and falls as
    // probability moves from there to a class that both have
    if is_infinite(sums.divergence) & (whole.beta >= 1.0) {
        d = select(select(-infinity(), nan(), is_masked(seen.t)), 0.0, is_masked(seen.x));
    }
    return slopes.scale * d;
}
