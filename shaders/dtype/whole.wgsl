// A stored integer of any dtype, extended to 64 bits: the lower word and the upper one.
// needs: dtype/integer
fn whole_bits(low: u32, high: u32, element: u32, dtype: u32) -> vec2<u32> {
    let of_byte = (low >> (8u * (element & 3u))) & 0xffu;
    let sign = select(0u, 0xffffffffu, (dtype == I32) & (low > 0x7fffffffu));
    return vec2<u32>(select(low, of_byte, dtype == U8), select(sign, high, dtype == I64));
}
