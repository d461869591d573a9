// The sums of a region, of terms that do not cancel, and what a region leaf makes of them. Uses lib/component lib/params.
struct RegionSums {
    // Σpt
    true_pos: f32,
    // Σp(1 − t), with squares Σ(p − t)²
    false_pos: f32,
    // Σ(1 − p)t, with squares 0
    false_neg: f32,
}

// The loss of a class, and its derivatives as a function of Σpt, Σp and Σt.
struct RegionScore {
    loss: f32,
    d_pt: f32,
    d_p: f32,
}

// Dice's ratio of them: the twin of `dice_score` in src/losses/region/dice.rs.
fn dice_score(s: RegionSums, jaccard: bool, smooth_nr: f32, smooth_dr: f32) -> RegionScore {
    let wrong = s.false_pos + s.false_neg;
    // the denominator, the loss's own numerator, and the derivatives of the denominator by Σpt and Σp
    var denominator = ((2.0 * s.true_pos) + wrong) + smooth_dr;
    var rest = wrong + (smooth_dr - smooth_nr);
    var slopes = vec2<f32>(0.0, 1.0);
    if jaccard {
        denominator = (2.0 * (s.true_pos + wrong)) + smooth_dr;
        rest = (2.0 * wrong) + (smooth_dr - smooth_nr);
        slopes = vec2<f32>(-2.0, 2.0);
    }
    if denominator == 0.0 {
        return RegionScore(select(-infinity(), nan(), smooth_nr == 0.0), nan(), nan());
    }
    let ratio = ((2.0 * s.true_pos) + smooth_nr) / denominator;
    return RegionScore(rest / denominator, ((ratio * slopes.x) - 2.0) / denominator, ratio * slopes.y / denominator);
}
