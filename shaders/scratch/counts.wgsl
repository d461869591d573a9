// The counts of a metric's cells. Whole numbers come to the same sum in any order.
@group(0) @binding(19) var<storage, read_write> counts: array<atomic<u32>>;
