// Tversky loss: the twin of src/losses/region/tversky.rs. Uses lib/component lib/params lib/math fold/regions.
const SMOOTH_NR: u32 = 0u;
const SMOOTH_DR: u32 = 1u;
const ALPHA: u32 = 2u;
const BETA: u32 = 3u;
const GAMMA: u32 = 4u;

fn region_score(s: RegionSums) -> RegionScore {
    let both = option(ALPHA) + option(BETA);
    let gamma = option(GAMMA);
    let wrong = (option(ALPHA) * s.false_pos) + (option(BETA) * s.false_neg);
    let denominator = (s.true_pos + wrong) + option(SMOOTH_DR);
    if denominator == 0.0 {
        return RegionScore(select(power(-infinity(), gamma), nan(), option(SMOOTH_NR) == 0.0), nan(), nan());
    }
    let ratio = (s.true_pos + option(SMOOTH_NR)) / denominator;
    let base = (wrong + (option(SMOOTH_DR) - option(SMOOTH_NR))) / denominator;
    // at the cusp of a γ below 1, 0 is as good a slope as any
    var slope = 0.0;
    if (base != 0.0) | (gamma >= 1.0) {
        slope = gamma * power(base, gamma - 1.0);
    }
    return RegionScore(
        power(base, gamma),
        // 1 − ratio·(1 − α − β), without the difference of two numbers near 1
        -slope * (both + (base * (1.0 - both))) / denominator,
        part_of(slope * option(ALPHA), ratio) / denominator,
    );
}
