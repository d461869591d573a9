// Broadcasting: where the number that belongs to an element lies in an operand that is a smaller tensor.
//
// Each of the six operands that may be broadcast has eight entries, one for each axis: the elements from one index along the
// axis to the next (x), the axis's length (y), and the operand's elements from one index to the next (z). The first entry's w
// is the number of axes. Adjacent axes may be merged into one.
struct Broadcast {
    axes: array<vec4<u32>, 48>,
}

@group(0) @binding(17) var<uniform> broadcast: Broadcast;

// The place of the number that belongs to element `i` in the operand of a binding: 10 is the weight, 2 to 5 are the element
// operands, 22 is the sample weight.
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
