// The mask of a value as 0 or 1: a value whose mask is 0 takes no part.
// needs: lib/params
@group(0) @binding(11) var<storage, read> mask: array<u32>;

// 0 f32, 1 f16 or bf16, 2 u8, 3 i64, 4 i32 or u32
override MASK_DTYPE: u32 = 0u;

// The bits of an element, without the sign of a float. Bits are compared, since compilers may find a NaN equal to 0 in one
// place and not in another, and may take a small float for 0.
fn mask_bits(i: u32) -> u32 {
    if MASK_DTYPE == 1u {
        return (mask[i >> 1u] >> (16u * (i & 1u))) & 0x7fffu;
    }
    if MASK_DTYPE == 2u {
        return (mask[i >> 2u] >> (8u * (i & 3u))) & 0xffu;
    }
    if MASK_DTYPE == 3u {
        return mask[2u * i] | mask[(2u * i) + 1u];
    }
    return mask[i] & select(0x7fffffffu, 0xffffffffu, MASK_DTYPE == 4u);
}

fn mask_at(i: u32) -> f32 {
    return select(1.0, 0.0, mask_bits(i + base(11u)) == 0u);
}
