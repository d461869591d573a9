// The outcome of a term: its loss, what was out of range, and the sums of its parts.

// Laid out as src/gpu/verdict.rs and src/gpu/outcome.rs read it.
struct Outcome {
    loss: f32,
    // how many runs have finished, wrapping: the host counts how many it recorded, since a pass may be dropped
    runs: u32,
    // of the last run: the part with the first label out of range, its place and its 64 bits; or the part, plus
    // IS_NUMBER, with a number out of range, its place among the options and its bits; a part of 0xffffffff means that there
    // is none
    bad_part: u32,
    bad_position: u32,
    bad_low: u32,
    bad_high: u32,
    // of all runs since the host last asked: the same of the first label or number out of range, with 1 added to the part: 0
    // means that there is none
    first_part: u32,
    first_position: u32,
    first_low: u32,
    first_high: u32,
    spare_0: u32,
    spare_1: u32,
    parts: array<PartOutcome>,
}

struct PartOutcome {
    sum: f32,
    extra: f32,
    denominator: f32,
    extra_denominator: f32,
    weight: f32,
}

@group(0) @binding(20) var<storage, read_write> outcome: Outcome;
