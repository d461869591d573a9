// Writes to `peaks` the greatest log-probability of each step of each item, over all classes. The walks subtract it
// before they take exponentials, and the peaks are summed as logs: where a class is nearly certain, its log-probability
// is near 0, and its exponential, near 1, would lose those digits. A peak is NaN if one log-probability of its step is
// NaN or +∞.
// needs: lib/math lib/params scratch/peaks scratch/spans
// slots: x0

// how many lanes share a step
override LANES: u32 = 1u;

var<workgroup> lane_peaks: array<f32, 256>;

@compute @workgroup_size(256)
fn alignments_peaks(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = (params.block.other_first * params.items)
        + (workgroup_at(group, grid) * (256u / LANES)) + (lane / LANES);
    let row = min(place, (params.block.other_end * params.items) - 1u);
    let step = row / params.items;
    let item = row % params.items;
    let live = (place == row) & (step < spans[item].steps);
    let first = row * params.classes;
    var peak = -infinity();
    var unknown = false;
    if live {
        for (var k = lane % LANES; k < params.classes; k += LANES) {
            let x = x0_at(first + k);
            unknown |= is_nan(x) | (is_infinite(x) & (x > 0.0));
            peak = max(peak, x);
        }
    }
    lane_peaks[lane] = select(peak, nan(), unknown);
    workgroupBarrier();
    if live & (lane % LANES == 0u) {
        for (var other = lane + 1u; other < lane + LANES; other += 1u) {
            unknown |= is_nan(lane_peaks[other]);
            peak = max(peak, lane_peaks[other]);
        }
        if spans[item].labels == 0u {
            // the only alignment is all blanks: with their log-probability as the peak, nothing is rounded
            peak = x0_at(first + params.blank);
        }
        peak = select(peak, 0.0, is_infinite(peak));
        peaks[row] = select(peak, nan(), unknown);
    }
}
