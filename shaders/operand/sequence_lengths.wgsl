// How many labels each item has, as 64 bits.
// needs: lib/params dtype/integer dtype/whole
@group(0) @binding(11) var<storage, read> sequence_lengths: array<u32>;

override SEQUENCE_LENGTHS_DTYPE: u32 = 0u;

fn sequence_length_at(i: u32) -> vec2<u32> {
    let element = i + base(11u);
    let low = sequence_lengths[word_of_integer(element, SEQUENCE_LENGTHS_DTYPE)];
    return whole_bits(low, sequence_lengths[last_word_of_integer(element, SEQUENCE_LENGTHS_DTYPE)], element, SEQUENCE_LENGTHS_DTYPE);
}
