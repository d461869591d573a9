// Multi-label soft margin loss: the twin of src/losses/class_sum/multilabel_soft_margin.rs.
// needs: lib/class lib/math lib/params fold/class_sum
fn class_score(seen: Class, label_class: LabelClass) -> ClassScore {
    let share = seen.weight / f32(params.classes);
    let s = sigmoids(seen.x);
    // part_of lets a logit of −∞ mask a class of t = 0, whose loss is then 0; product gives NaN for +∞ and t = 1
    let loss = part_of(seen.t, s.minus_log_p) + product(1.0 - seen.t, s.minus_log_q);
    // σ(x) − t, without cancellation for t of 0 or 1
    let d = sigmoid_balance(1.0 - seen.t, seen.t, seen.x, s);
    return ClassScore(select(part_of(share, loss), loss, is_nan(loss)), part_of(share, d), 0.0);
}
