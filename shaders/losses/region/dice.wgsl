// Dice loss: the twin of src/losses/region/dice.rs. Uses lib/params fold/regions.
override JACCARD: bool = false;
const SMOOTH_NR: u32 = 0u;
const SMOOTH_DR: u32 = 1u;

fn region_score(s: RegionSums) -> RegionScore {
    let wrong = s.false_pos + s.false_neg;
    let smooth_change = option(SMOOTH_DR) - option(SMOOTH_NR);
    // the denominator, the loss's own numerator, and the derivatives of the denominator by Σpt and Σp
    var denominator = ((2.0 * s.true_pos) + wrong) + option(SMOOTH_DR);
    var rest = wrong + smooth_change;
    var slopes = vec2<f32>(0.0, 1.0);
    if JACCARD {
        denominator = (2.0 * (s.true_pos + wrong)) + option(SMOOTH_DR);
        rest = (2.0 * wrong) + smooth_change;
        slopes = vec2<f32>(-2.0, 2.0);
    }
    if denominator == 0.0 {
        return RegionScore(select(-infinity(), nan(), option(SMOOTH_NR) == 0.0), nan(), nan());
    }
    let ratio = ((2.0 * s.true_pos) + option(SMOOTH_NR)) / denominator;
    return RegionScore(rest / denominator, ((ratio * slopes.x) - 2.0) / denominator, ratio * slopes.y / denominator);
}
