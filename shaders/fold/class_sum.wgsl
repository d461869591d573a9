// A plain sum over classes: each class has a loss of its own, which may also depend on the label's prediction.
// needs: lib/class lib/math
// slots: leaf
struct State {
    sum: f32,
    // the sum, over the losses of all classes, of the derivatives with respect to the label's prediction
    d_label: f32,
    poison: u32,
}

// A leaf's result for a class.
struct ClassScore {
    loss: f32,
    // the derivatives with respect to the class's own prediction and to the label's
    d: f32,
    d_label: f32,
}

fn fold_empty() -> State {
    return State(0.0, 0.0, 0u);
}

fn absorb_class(state: ptr<function, State>, seen: Class, label_class: LabelClass) {
    let weight = select(seen.weight, label_class.weight, label_class.labelled);
    // an infinite target gives NaN too: otherwise the result would depend on the order of the products
    if is_nan(seen.x) | is_nan(seen.t) | is_infinite(seen.t) | is_nan(weight) {
        (*state).poison = 1u;
        return;
    }
    let score = class_score(seen, label_class);
    (*state).poison |= u32(is_nan(score.loss));
    (*state).sum += score.loss;
    (*state).d_label += score.d_label;
}

fn fold_merge(a: State, b: State) -> State {
    return State(a.sum + b.sum, a.d_label + b.d_label, a.poison | b.poison);
}

struct Statistics {
    sum: f32,
    d_label: f32,
    weight: f32,
    poison: bool,
    label_class: LabelClass,
}

fn finish_position(state: State, label_class: LabelClass) -> Statistics {
    return Statistics(state.sum, state.d_label, label_class.weight, state.poison != 0u, label_class);
}

struct Score {
    loss: f32,
    extra: f32,
}

fn score_position(s: Statistics) -> Score {
    return Score(s.sum, 0.0);
}

struct Slopes {
    scale: f32,
    d_label: f32,
    label_class: LabelClass,
}

fn slopes_of(s: Statistics, score: Score, scale: vec2<f32>) -> Slopes {
    return Slopes(scale.x, s.d_label, s.label_class);
}

fn write_class(slopes: Slopes, seen: Class) -> f32 {
    return slopes.scale * (class_score(seen, slopes.label_class).d + select(0.0, slopes.d_label, seen.hit));
}
