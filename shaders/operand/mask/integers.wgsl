// The mask of a value, stored as an integer, as 0 or 1: a value whose mask is 0 takes no part.
// needs: lib/params dtype/integer
@group(0) @binding(11) var<storage, read> mask: array<u32>;

override MASK_DTYPE: u32 = 0u;

fn mask_at(i: u32) -> f32 {
    let element = i + base(11u);
    let low = mask[word_of_integer(element, MASK_DTYPE)];
    let bits = select(low, (low >> (8u * (element & 3u))) & 0xffu, MASK_DTYPE == U8);
    return select(0.0, 1.0, (bits | select(0u, mask[last_word_of_integer(element, MASK_DTYPE)], MASK_DTYPE == I64)) != 0u);
}
