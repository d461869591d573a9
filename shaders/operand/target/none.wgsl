// No labels: every position is kept.
// needs: lib/label
fn target_label(position: u32) -> Label {
    return Label(0u, true, false, 0u, 0u);
}
