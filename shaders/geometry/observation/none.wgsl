// Nothing is observed of positions beside their loss.
// needs: lib/label
// slots: fold
fn observe_position(position: u32, label: Label, kept: bool, state: State, s: Statistics) {}

fn observe_workgroup(workgroup: u32, exists: bool, lane: u32) {}
