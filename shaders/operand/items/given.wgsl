// For each item or sequence, three numbers that the leaf gets (xyz). w is 0 where an item takes no part; for a sequence it is 1
// over the number of elements that take part.
@group(0) @binding(16) var<storage, read> items: array<vec4<f32>>;

fn item_at(item: u32) -> vec4<f32> {
    return items[item];
}
