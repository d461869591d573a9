// A second walk over a position's classes, which are compared with the whole row, where classes are walked in ranges: a lane's
// sums are kept from one range to the next.
// needs: lib/label fold/divergence fold/mixture geometry/class_axis geometry/lane_sums geometry/sum_classes
// slots: classes position_states

// whether this dispatch walks a range a second time
override COMPARES: bool = false;

fn needs_merged_state() -> bool {
    return COMPARES;
}

fn compare_lane(position: u32, live: bool, first: u32, label: Label, state: State, lane: u32) {
    compared = NO_SUMS;
    if live {
        if !COMPARES | (classes_from() > 0u) {
            compared = sums_of(sums_before(position, lane));
        }
        if COMPARES {
            compared = sum_classes(compared, state, first, label, classes_from(), classes_to(), lane, LANES);
            keep_sums(position, lane, state_of_sums(compared));
        }
    }
}

fn merge_compared(slot: u32, lane: u32) {
    merge_lane_sums(slot, lane);
}
