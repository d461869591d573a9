// Generalized Dice loss: the twin of src/losses/region/generalized_dice.rs.
// needs: lib/params fold/regions
// 0 square, 1 simple, 2 uniform
override WEIGHTING: u32 = 0u;
override LOG_LOSS: bool = false;
const SMOOTH_NR: u32 = 0u;
const SMOOTH_DR: u32 = 1u;

fn region_share(s: RegionSums) -> f32 {
    let total = s.true_pos + s.false_neg;
    if WEIGHTING == 2u {
        return 1.0;
    }
    // below these bounds f32 cannot hold the reciprocal, or its square
    if abs(total) < select(5.5e-20, 1.2e-38, WEIGHTING == 1u) {
        return infinity();
    }
    return (1.0 / total) * select(1.0 / total, 1.0, WEIGHTING == 1u);
}

fn region_score(s: RegionSums) -> RegionScore {
    return dice_score(s, false, LOG_LOSS, option(SMOOTH_NR), option(SMOOTH_DR));
}
