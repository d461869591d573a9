// Computes the log-ratio of each segment, the sum or the mean of log p over its rows less the segment's reference, and stores
// it in `segment_scores`. A workgroup takes a segment; its lanes go through all rows.
// needs: lib/long lib/math lib/params operand/references scratch/segment_rows scratch/segment_scores

// whether a segment's rows are averaged
override AVERAGES: bool = false;

// marks of rows whose −log p is NaN or infinite: they are left out of sums, since a sum with a NaN may come out as anything
const UNKNOWN_NLL: u32 = 1u;
const INFINITE_NLL: u32 = 2u;

// for each lane: the long sum of −log p of its rows, the number of these rows, and their marks
var<workgroup> lane_sums: array<vec2<f32>, 256>;
var<workgroup> lane_rows: array<u32, 256>;
var<workgroup> lane_marks: array<u32, 256>;

@compute @workgroup_size(256)
fn segments_sum(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let segment = workgroup_at(group, grid);
    var sum = vec2<f32>(0.0);
    var rows = 0u;
    var marks = 0u;
    for (var row = lane; row < params.items; row += 256u) {
        let own = segment_rows[row];
        if own.segment == segment {
            let mark = select(select(0u, INFINITE_NLL, is_infinite(own.nll)), UNKNOWN_NLL, is_nan(own.nll));
            sum = long_sum(sum, long_number(select(0.0, own.nll, mark == 0u)));
            rows += 1u;
            marks |= mark;
        }
    }
    lane_sums[lane] = sum;
    lane_rows[lane] = rows;
    lane_marks[lane] = marks;
    workgroupBarrier();
    for (var k = 0u; k < 8u; k += 1u) {
        let width = 128u >> k;
        if lane < width {
            lane_sums[lane] = long_sum(lane_sums[lane], lane_sums[lane + width]);
            lane_rows[lane] += lane_rows[lane + width];
            lane_marks[lane] |= lane_marks[lane + width];
        }
        workgroupBarrier();
    }
    if (lane != 0u) | (segment >= params.segments) {
        return;
    }
    let share = select(1.0, 1.0 / f32(max(lane_rows[0], 1u)), AVERAGES);
    let reference = reference_at(segment);
    let all = select(share * lane_sums[0], vec2<f32>(infinity(), 0.0), vec2<bool>((lane_marks[0] & INFINITE_NLL) != 0u));
    // subtracts the rest of the long sum last: the difference from the reference may be small enough to hold the rest's digits
    let log_ratio = difference(-all.x, reference) - all.y;
    let unknown = ((lane_marks[0] & UNKNOWN_NLL) != 0u) | is_nan(reference) | is_nan(log_ratio);
    segment_scores[segment] = SegmentScore(select(log_ratio, nan(), unknown), share, 0.0);
}
