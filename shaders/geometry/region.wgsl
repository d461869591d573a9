// Where positions and classes of a region loss lie. Uses lib/params lib/label operand/labels.

// whether there is one label a position
override LABELLED: bool = true;
override INCLUDE_BACKGROUND: bool = true;
override BATCH: bool = false;
override SQUARED: bool = false;

fn positions() -> u32 {
    return params.items * params.per_item;
}

// The element of a position's first class.
fn first_class(position: u32) -> u32 {
    let item = position / params.per_item;
    let place = position % params.per_item;
    return (item * params.classes * params.per_item) + (place * params.position_stride);
}

// The target of a class: 1 at the label; for one channel the label itself.
fn target_of(label: Label, element: u32, k: u32) -> f32 {
    if !LABELLED {
        return target_at(element);
    }
    let hit = select(label.index == k, label.index == 1u, params.classes == 1u);
    return select(0.0, 1.0, hit);
}
