// Dice loss: the twin of src/losses/region/dice.rs. Uses lib/params fold/regions.
override JACCARD: bool = false;
const SMOOTH_NR: u32 = 0u;
const SMOOTH_DR: u32 = 1u;

fn region_score(s: RegionSums) -> RegionScore {
    let numerator = (2.0 * s.pt) + option(SMOOTH_NR);
    var denominator = s.p + s.t;
    var slopes = vec2<f32>(0.0, 1.0);
    if JACCARD {
        denominator = 2.0 * (s.p + s.t - s.pt);
        slopes = vec2<f32>(-2.0, 2.0);
    }
    denominator += option(SMOOTH_DR);
    if denominator == 0.0 {
        return RegionScore(select(-infinity(), nan(), numerator == 0.0), nan(), nan());
    }
    let ratio = numerator / denominator;
    // 1 − ratio, from the difference of the two
    let loss = (denominator - numerator) / denominator;
    return RegionScore(loss, ((ratio * slopes.x) - 2.0) / denominator, ratio * slopes.y / denominator);
}
