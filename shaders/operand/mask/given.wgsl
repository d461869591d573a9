// The mask of a value as 0 or 1: a value whose mask is 0 takes no part.
// needs: lib/params dtype/float
@group(0) @binding(11) var<storage, read> mask: array<u32>;

override MASK_DTYPE: u32 = 0u;

fn mask_at(i: u32) -> f32 {
    let element = i + base(11u);
    let bits = bitcast<u32>(decode(mask[word_of(element, MASK_DTYPE)], element, MASK_DTYPE));
    // compares bits, since compilers may find a NaN equal to 0 in one place and not in another
    return select(1.0, 0.0, (bits & 0x7fffffffu) == 0u);
}
