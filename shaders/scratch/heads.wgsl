// For each item and class, the place of the first label of that class among the item's labels; undefined if there is none.
@group(0) @binding(15) var<storage, read_write> heads: array<u32>;
