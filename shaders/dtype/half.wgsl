// Encodes floats of 16 bits, and stores them in words whose other half may belong to another invocation.
// needs: dtype/float

// Rounds to nearest, ties to even, and to infinity past the largest number. pack2x16float leaves both to the driver.
fn encode(x: f32, dtype: u32) -> u32 {
    let bits = bitcast<u32>(x);
    let sign = (bits >> 16u) & 0x8000u;
    let magnitude = bits & 0x7fffffffu;
    // f16's exponent bias is 112 less than f32's; below f16's smallest exponent the digits shift down instead
    let exponent = magnitude >> 23u;
    let least = nearest((magnitude & 0x7fffffu) | 0x800000u, min(126u - exponent, 25u));
    let normal = min(nearest(magnitude, 13u) - (112u << 10u), 0x7c00u);
    let rounded = select(select(least, normal, exponent > 112u), nearest(magnitude, 16u), dtype == BF16);
    let unknown = select(0x7fc0u, 0x7e00u, dtype == F16);
    return sign | select(rounded, unknown, magnitude > 0x7f800000u);
}

// digits / 2^shift, rounded to nearest, ties to even.
fn nearest(digits: u32, shift: u32) -> u32 {
    let odd = (digits >> shift) & 1u;
    return (digits + (1u << (shift - 1u)) - 1u + odd) >> shift;
}

// The bits of a word that change if an element is set to x, or has x added to it. Another invocation may have changed the
// word's other half since it was read, but not these bits, so flipping them is right in any order.
fn flipped(word: u32, element: u32, x: f32, add: bool, dtype: u32) -> u32 {
    let after = encode(select(x, decode(word, element, dtype) + x, add), dtype);
    let shift = 16u * (element & 1u);
    return (((word >> shift) & 0xffffu) ^ after) << shift;
}
