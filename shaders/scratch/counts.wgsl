// The counts of a metric's cells. The order of atomic additions does not matter, since the counts are whole numbers.
@group(0) @binding(19) var<storage, read_write> counts: array<atomic<u32>>;
