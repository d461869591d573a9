// A second walk over a position's classes, which are compared with the whole row, where one dispatch walks all classes.
// needs: lib/label fold/divergence fold/mixture geometry/class_axis geometry/lane_sums geometry/sum_classes
// slots: classes
// Whether a dispatch needs the merged state of all lanes even if it neither scores nor writes.
fn needs_merged_state() -> bool {
    return false;
}

fn compare_lane(position: u32, live: bool, first: u32, label: Label, state: State, lane: u32) {
    compared = NO_SUMS;
    if live {
        compared = sum_classes(NO_SUMS, state, first, label, classes_from(), classes_to(), lane, LANES);
    }
}

fn merge_compared(slot: u32, lane: u32) {
    merge_lane_sums(slot, lane);
}
