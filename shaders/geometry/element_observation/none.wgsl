// Nothing is observed beside the loss of elements.
// slots: components
fn observe_element(kept: bool, seen: Seen) {}

fn observe_workgroup(workgroup: u32, exists: bool, lane: u32) {}
