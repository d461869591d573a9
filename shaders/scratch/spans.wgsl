// For each item of a loss of alignments: where its labels lie, how many labels and steps it has, and the scale of its gradient.
struct Span {
    // where its labels begin among those of all items, how many there are, and how many steps it has
    first: u32,
    labels: u32,
    steps: u32,
    // whether it takes part: its lengths and its labels are in range
    live: u32,
    // what its gradient is multiplied by, NaN if its loss is infinite or NaN; and whether its loss depends on the alignments
    scale: f32,
    moves: u32,
    spare_0: u32,
    spare_1: u32,
}

@group(0) @binding(16) var<storage, read_write> spans: array<Span>;
