// What a region loss's sums run over, and its targets.
// needs: lib/params

override INCLUDE_BACKGROUND: bool = true;
override BATCH: bool = false;
override SQUARED: bool = false;
// whether the classes of an item are summed inside one ratio
override TOGETHER: bool = false;

fn regions() -> u32 {
    return select(params.items, 1u, BATCH) * params.classes;
}

// Where the sums of a whole region lie, for its item to sum: beyond those of the chunks.
fn together(region: u32) -> u32 {
    return (params.first_tally * params.classes) + region;
}
