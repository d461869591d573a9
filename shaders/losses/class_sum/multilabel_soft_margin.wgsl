// Multi-label soft margin loss: the twin of src/losses/class_sum/multilabel_soft_margin.rs. Uses lib/component lib/params lib/math lib/class fold/class_sum.
fn class_score(seen: Class, place: Place) -> ClassScore {
    let share = seen.weight / f32(params.classes);
    let loss = part_of(seen.t, softplus(-seen.x)) + part_of(1.0 - seen.t, softplus(seen.x));
    // σ(x) − t, of which neither part cancels for a t of 0 or 1
    let d = ((1.0 - seen.t) * sigmoid(seen.x)) - (seen.t * sigmoid(-seen.x));
    return ClassScore(part_of(share, loss), part_of(share, d), 0.0);
}
