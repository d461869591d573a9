// For each label, its class, and the next place in its item that has this class, or NO_PLACE.
@group(0) @binding(17) var<storage, read_write> symbols: array<vec2<u32>>;

const NO_PLACE: u32 = 0xffffffffu;
