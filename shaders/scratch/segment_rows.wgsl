// The segment of each row that takes part, and −log p of the row's label.
struct SegmentRow {
    segment: u32,
    nll: f32,
}

// the segment of a row that takes no part
const NO_SEGMENT: u32 = 0xffffffffu;

@group(0) @binding(17) var<storage, read_write> segment_rows: array<SegmentRow>;
