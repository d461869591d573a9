// The axes along which operands of elements are broadcast: where the number of an element lies in a smaller tensor.
// For each operand that may be: how many axes it has; and for each axis how many elements one step along it takes, its length,
// and how far apart its numbers lie. Adjacent axes count as one.
struct Broadcast {
    axes: array<vec4<u32>, 48>,
}

@group(0) @binding(17) var<uniform> broadcast: Broadcast;

// The place of an element's number in the operand of a binding: the weight's, 10, an element operand's, 2 to 5, or the sample
// weight's, 22.
fn broadcast_from_base(binding: u32, i: u32) -> u32 {
    let first = 8u * select(select(binding - 1u, 5u, binding == 22u), 0u, binding == 10u);
    let axes = min(broadcast.axes[first].w, 8u);
    var place = 0u;
    for (var k = 0u; k < axes; k += 1u) {
        let axis = broadcast.axes[first + k];
        place += ((i / max(axis.x, 1u)) % max(axis.y, 1u)) * axis.z;
    }
    return place;
}
