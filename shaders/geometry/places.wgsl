// Where positions and their classes lie. Uses lib/params.

// whether there is one label a position
override LABELLED: bool = true;

fn positions() -> u32 {
    return params.items * params.per_item;
}

// The element of a position's first class.
fn first_class(position: u32) -> u32 {
    let item = position / params.per_item;
    let place = position % params.per_item;
    return (item * params.classes * params.per_item) + (place * params.position_stride);
}
