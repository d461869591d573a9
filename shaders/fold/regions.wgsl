// The sums of a region over its positions, and what a region leaf returns for them. They are sums of hits and of errors, since
// a loss computed from Σp and Σt would subtract nearly equal numbers.
// needs: lib/math lib/params
struct RegionSums {
    // Σpt
    true_pos: f32,
    // Σp(1 − t); if squared, Σ(p − t)²
    false_pos: f32,
    // Σ(1 − p)t; if squared, 0
    false_neg: f32,
}

// The loss of a class, and its derivatives with respect to the sums.
struct RegionScore {
    loss: f32,
    d_true_pos: f32,
    d_false_pos: f32,
    d_false_neg: f32,
}

// The factors of t and of 1 − t in the derivative with respect to p; if squared, the factors of t and of p − t.
fn slopes_of_target(score: RegionScore, squared: bool) -> vec2<f32> {
    let plain = vec2<f32>(score.d_true_pos - score.d_false_neg, score.d_false_pos);
    return select(plain, vec2<f32>(score.d_true_pos, 2.0 * score.d_false_pos), squared);
}

// Dice's ratio of the sums: the twin of `dice_score` in src/losses/region/dice.rs.
fn dice_score(s: RegionSums, jaccard: bool, log_loss: bool, smooth_nr: f32, smooth_dr: f32) -> RegionScore {
    let wrong = s.false_pos + s.false_neg;
    // how often errors count in the denominator: once in Dice's Σp + Σt, twice in Jaccard's doubled union
    let times = select(1.0, 2.0, jaccard);
    let denominator = ((2.0 * s.true_pos) + (times * wrong)) + smooth_dr;
    // compilers may find a NaN equal to 0
    if (denominator == 0.0) & !is_nan(denominator) {
        return RegionScore(select(-infinity(), nan(), smooth_nr == 0.0), nan(), nan(), nan());
    }
    // the loss is 1 − ratio, computed without that subtraction, which would cancel
    let loss = ((times * wrong) + (smooth_dr - smooth_nr)) / denominator;
    let ratio = ((2.0 * s.true_pos) + smooth_nr) / denominator;
    let d_wrong = (times * ratio) / denominator;
    let d_right = (-2.0 * loss) / denominator;
    if log_loss {
        let log = minus_log(loss, ratio);
        return RegionScore(log.x, log.y * d_right, log.y * d_wrong, log.y * d_wrong);
    }
    return RegionScore(loss, d_right, d_wrong, d_wrong);
}

// −log of a score, and its derivative with respect to `miss`, which is 1 − score. A score below 1e-7 counts as 1e-7.
fn minus_log(miss: f32, score: f32) -> vec2<f32> {
    // compilers may find a NaN less than any number
    if (score < 1e-7) & !is_nan(score) {
        return vec2<f32>(16.118096, 0.0);
    }
    return vec2<f32>(select(-log_of(score), -log1p(-min(miss, 0.5)), miss <= 0.5), 1.0 / score);
}
