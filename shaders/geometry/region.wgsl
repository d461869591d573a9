// Regions: what their sums run over, and how many there are.
// needs: lib/params

override INCLUDE_BACKGROUND: bool = true;
override BATCH: bool = false;
override SQUARED: bool = false;
// whether a probability that equals its target is right, also between 0 and 1
override SOFT: bool = false;
// whether the classes of an item are summed inside one ratio
override TOGETHER: bool = false;

fn regions() -> u32 {
    return select(params.items, 1u, BATCH) * params.classes;
}

// Where the counts of a class over a chunk lie, for observations: after the sums of all chunks and regions.
fn counts_at(tile: u32, k: u32) -> u32 {
    return together(regions()) + (tile * params.classes) + k;
}

// Where the sums of a whole region lie, after the sums of all chunks. Its item sums them further.
fn together(region: u32) -> u32 {
    return (params.first_tally * params.classes) + region;
}
