// Tversky loss: the twin of src/losses/region/tversky.rs.
// needs: lib/math lib/params fold/regions
override LOG_LOSS: bool = false;
const SMOOTH_NR: u32 = 0u;
const SMOOTH_DR: u32 = 1u;
const ALPHA: u32 = 2u;
const BETA: u32 = 3u;
const GAMMA: u32 = 4u;

fn region_score(s: RegionSums) -> RegionScore {
    let gamma = option(GAMMA);
    var wrong = (option(ALPHA) * s.false_pos) + (option(BETA) * s.false_neg);
    // a probability that was rounded above 1 can make `wrong` negative, and its fractional power NaN
    wrong = select(wrong, 0.0, (wrong < 0.0) & (fract(gamma) != 0.0));
    let denominator = (s.true_pos + wrong) + option(SMOOTH_DR);
    let wrong_at_all = (min(option(ALPHA), s.false_pos) > 0.0) | (min(option(BETA), s.false_neg) > 0.0);
    // compilers may find a NaN equal to 0, or less than any number
    let known = !is_nan(denominator);
    if known & (abs(denominator) < 1e-37) & (option(SMOOTH_NR) == 0.0) & wrong_at_all {
        // the region has only errors, so small that f32 cannot hold their product with the weight, or its reciprocal
        return RegionScore(select(1.0, power(16.118096, gamma), LOG_LOSS), 0.0, 0.0, 0.0);
    }
    if known & (denominator == 0.0) {
        return RegionScore(select(power(-infinity(), gamma), nan(), option(SMOOTH_NR) == 0.0), nan(), nan(), nan());
    }
    let ratio = (s.true_pos + option(SMOOTH_NR)) / denominator;
    let base = (wrong + (option(SMOOTH_DR) - option(SMOOTH_NR))) / denominator;
    var under = vec2<f32>(base, 1.0);
    if LOG_LOSS {
        under = minus_log(base, ratio);
    }
    // for γ below 1 the slope at 0 is infinite; 0 keeps the gradient of a perfect overlap finite
    var slope = 0.0;
    if (under.x != 0.0) | (gamma >= 1.0) {
        slope = part_of(gamma, under.y * power(under.x, gamma - 1.0));
    }
    return RegionScore(
        power(under.x, gamma),
        -slope * base / denominator,
        part_of(slope * option(ALPHA), ratio) / denominator,
        part_of(slope * option(BETA), ratio) / denominator,
    );
}
