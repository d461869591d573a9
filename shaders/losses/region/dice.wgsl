// Dice loss: the twin of src/losses/region/dice.rs.
// needs: lib/params fold/regions
override JACCARD: bool = false;
override LOG_LOSS: bool = false;
const SMOOTH_NR: u32 = 0u;
const SMOOTH_DR: u32 = 1u;

fn region_score(s: RegionSums) -> RegionScore {
    return dice_score(s, JACCARD, LOG_LOSS, option(SMOOTH_NR), option(SMOOTH_DR));
}
