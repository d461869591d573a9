// The Dice part of the sum of Dice loss and cross-entropy: the twin of src/losses/region/dice_cross_entropy.rs.
// needs: lib/params fold/regions
override JACCARD: bool = false;
override LOG_LOSS: bool = false;
const SMOOTH_NR: u32 = 2u;
const SMOOTH_DR: u32 = 3u;

fn region_score(s: RegionSums) -> RegionScore {
    return dice_score(s, JACCARD, LOG_LOSS, option(SMOOTH_NR), option(SMOOTH_DR));
}
