// The Dice part of the sum of Dice loss and focal loss: the twin of src/losses/region/dice_focal.rs.
// needs: lib/params fold/regions
override JACCARD: bool = false;
override LOG_LOSS: bool = false;
const SMOOTH_NR: u32 = 3u;
const SMOOTH_DR: u32 = 4u;

fn region_score(s: RegionSums) -> RegionScore {
    return dice_score(s, JACCARD, LOG_LOSS, option(SMOOTH_NR), option(SMOOTH_DR));
}
