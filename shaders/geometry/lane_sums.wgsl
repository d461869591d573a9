// Merges the sums (`compared`) of the lanes that share a position; every lane gets the result.
// needs: lib/params fold/mixture geometry/class_axis

// one number of each lane at a time: beside the states there is little workgroup memory left
var<workgroup> lane_sums: array<f32, 256>;

fn sum_of_lanes(own: f32, slot: u32, lane: u32) -> f32 {
    var sum = own;
    lane_sums[(slot * LANES) + lane] = sum;
    workgroupBarrier();
    // sixteen lanes sum first, then every lane sums the sixteen: a barrier costs more than fifteen additions
    if (LANES > 16u) & (lane < 16u) {
        for (var other = lane + 16u; other < LANES; other += 16u) {
            sum += lane_sums[(slot * LANES) + other];
        }
    }
    workgroupBarrier();
    lane_sums[(slot * LANES) + lane] = sum;
    workgroupBarrier();
    sum = lane_sums[slot * LANES];
    for (var other = 1u; other < min(LANES, params.sixteen); other += 1u) {
        sum += lane_sums[(slot * LANES) + other];
    }
    workgroupBarrier();
    return sum;
}

fn merge_lane_sums(slot: u32, lane: u32) {
    if LANES > 1u {
        compared = Sums(
            sum_of_lanes(compared.divergence, slot, lane),
            sum_of_lanes(compared.lift, slot, lane),
        );
    }
}
