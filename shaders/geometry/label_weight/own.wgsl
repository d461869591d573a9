// The weight of the label's class.
// needs: lib/label
// slots: class_weight
fn label_weight(position: u32, label: Label) -> f32 {
    return class_weight_at(label.index);
}
