// Where the elements of rows lie. Uses lib/params.

// whether rows are the channels of items, rather than rows that lie one after the other
override CHANNELS: bool = false;

fn element_of(row: u32, k: u32) -> u32 {
    if CHANNELS {
        let item = row / params.classes;
        let channel = row % params.classes;
        return (item * params.classes * params.per_item) + (channel * params.class_stride) + (k * params.position_stride);
    }
    return (row * params.per_item) + k;
}
