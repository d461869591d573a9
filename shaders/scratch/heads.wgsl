// For each item and class, the first place of the class among the item's labels. A class that the item lacks has any number.
@group(0) @binding(15) var<storage, read_write> heads: array<u32>;
