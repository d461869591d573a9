// The weight of the label's class, where classes are spread over devices: one shard has the class and its weight, the others
// store 0.
// needs: lib/label geometry/shards
fn label_weight(position: u32, label: Label) -> f32 {
    return of_label(position, 7u);
}
