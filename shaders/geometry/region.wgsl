// The options of region losses that decide what the sums of a region run over, and where these sums lie.
// needs: lib/params

override INCLUDE_BACKGROUND: bool = true;
override BATCH: bool = false;
override SQUARED: bool = false;
// whether a probability that equals its target is no error, also where the target is between 0 and 1
override SOFT: bool = false;
// whether the sums of an item's classes are added up, with weights, inside one ratio
override TOGETHER: bool = false;

fn regions() -> u32 {
    return select(params.items, 1u, BATCH) * params.classes;
}

// Where the counts of a class over a chunk lie, for observations: after the sums of all chunks and regions.
fn counts_at(workgroup: u32, k: u32) -> u32 {
    return together(regions()) + (workgroup * params.classes) + k;
}

// Where the sums of a whole region lie: after the sums of all chunks. region_couple adds them up over an item's classes.
fn together(region: u32) -> u32 {
    return (params.first_tally * params.classes) + region;
}
