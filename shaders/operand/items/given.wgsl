// The numbers of each item, or of each sequence, and after them 0 where the item takes no part. For a sequence this is one over how
// many of its elements take part.
@group(0) @binding(16) var<storage, read> items: array<vec4<f32>>;

fn item_at(item: u32) -> vec4<f32> {
    return items[item];
}
