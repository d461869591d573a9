// What a region loss's sums run over, and its targets. Uses lib/params geometry/places lib/label operand/labels.

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

// The target of a class: 1 at the label; for one channel the label itself.
fn target_of(label: Label, element: u32, k: u32) -> f32 {
    if !LABELLED {
        return target_at(element);
    }
    let hit = select(label.index == k, label.index == 1u, params.classes == 1u);
    return select(0.0, 1.0, hit);
}
