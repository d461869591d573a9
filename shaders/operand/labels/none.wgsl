// No labels: every position is kept.
// needs: lib/label
fn target_label(position: u32) -> Label {
    return Label(0u, true, false, 0u, 0u);
}

fn target_labels(at: vec4<u32>) -> Labels {
    let label = target_label(at.x);
    return Labels(label, label, label, label);
}
