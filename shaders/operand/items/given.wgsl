// The numbers looked up for each item, and whether the item takes part.
@group(0) @binding(16) var<storage, read> items: array<vec4<f32>>;

fn item_at(item: u32) -> vec4<f32> {
    return items[item];
}
