// For each value, its sample weight, and the products of the weight with the scales of the value's gradients. A value that
// takes no part has LEFT_OUT as its weight.
// needs: lib/params
@group(0) @binding(12) var<storage, read> value_factors: array<vec4<u32>>;

// the bits of a NaN that marks a value which the mask leaves out; a weight that is NaN has other bits
const LEFT_OUT: u32 = 0xffffffffu;

fn value_factor(i: u32) -> vec4<u32> {
    return value_factors[i + base(12u)];
}
