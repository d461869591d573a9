// The sums of a region, of terms that do not cancel, and what a region leaf makes of them.
// needs: lib/math lib/params
struct RegionSums {
    // Σpt
    true_pos: f32,
    // Σp(1 − t), with squares Σ(p − t)²
    false_pos: f32,
    // Σ(1 − p)t, with squares 0
    false_neg: f32,
}

// The loss of a class, and its derivatives with respect to the sums.
struct RegionScore {
    loss: f32,
    d_true_pos: f32,
    d_false_pos: f32,
    d_false_neg: f32,
}

// The factors of t and of 1 − t in the derivative with respect to p; with squares of t and of p − t.
fn slopes_of_target(score: RegionScore, squared: bool) -> vec2<f32> {
    let plain = vec2<f32>(score.d_true_pos - score.d_false_neg, score.d_false_pos);
    return select(plain, vec2<f32>(score.d_true_pos, 2.0 * score.d_false_pos), squared);
}

// Dice's ratio of them: the twin of `dice_score` in src/losses/region/dice.rs.
fn dice_score(s: RegionSums, jaccard: bool, smooth_nr: f32, smooth_dr: f32) -> RegionScore {
    let wrong = s.false_pos + s.false_neg;
    // how often what is wrong counts: once in the mean of prediction and target, twice beside their union
    let times = select(1.0, 2.0, jaccard);
    let denominator = ((2.0 * s.true_pos) + (times * wrong)) + smooth_dr;
    // compilers are free to find a NaN equal to 0
    if (denominator == 0.0) & !is_nan(denominator) {
        return RegionScore(select(-infinity(), nan(), smooth_nr == 0.0), nan(), nan(), nan());
    }
    // the loss is 1 − ratio, of which neither is taken from the other
    let loss = ((times * wrong) + (smooth_dr - smooth_nr)) / denominator;
    let ratio = ((2.0 * s.true_pos) + smooth_nr) / denominator;
    let d_wrong = (times * ratio) / denominator;
    return RegionScore(loss, (-2.0 * loss) / denominator, d_wrong, d_wrong);
}
