// The divergence of a student's softmax from a teacher's as a fold over the classes of a position.
// needs: lib/class lib/math lib/params fold/divergence
// slots: leaf
struct Statistics {
    divergence: f32,
    teacher: Mass,
    student: Mass,
    lead: f32,
    torn: bool,
    weight: f32,
    poison: bool,
}

fn finish_position(state: State, label_class: LabelClass) -> Statistics {
    let poison = (state.poison != 0u) | !is_full(state);
    let torn = state.torn != 0u;
    let divergence = select(state.excess / total_of(state.teacher), infinity(), torn);
    return Statistics(divergence, state.teacher, state.student, state.lead, torn, 1.0, poison);
}

struct Score {
    loss: f32,
    extra: f32,
    d: f32,
}

fn score_position(s: Statistics) -> Score {
    let score = divergence_score(s.divergence);
    return Score(score.loss, 0.0, score.d);
}

struct Slopes {
    s: Statistics,
    scale: f32,
}

fn slopes_of(s: Statistics, score: Score, scale: vec2<f32>) -> Slopes {
    return Slopes(s, scale.x * score.d);
}

// The gradient of a class: the student's probability minus the teacher's, times the temperature and the scale. The difference
// is computed from the log of the ratio of both if that log is small. If both probabilities exceed ½, the difference may be
// computed from what they leave to the other classes.
fn write_class(slopes: Slopes, seen: Class) -> f32 {
    let s = slopes.s;
    let p = probability_of(seen.t, s.teacher);
    let of_student = probability_of(seen.x, s.student);
    var more = in_logits(of_student - p);
    // the log of the ratio has an error proportional to the lead; if both softmaxes leave less probability than that to the
    // other classes, the difference of these two small probabilities is more exact
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
