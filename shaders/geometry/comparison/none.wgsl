// There is no second walk over a position's classes.
// needs: lib/label
// slots: fold
// Whether a dispatch needs the merged state of all lanes even if it neither scores nor writes.
fn needs_merged_state() -> bool {
    return false;
}

fn compare_lane(position: u32, live: bool, first: u32, label: Label, state: State, lane: u32) {}

fn merge_compared(slot: u32, lane: u32) {}
