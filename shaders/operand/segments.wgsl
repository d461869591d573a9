// The segment that each row belongs to, as 64 bits.
// needs: lib/params dtype/integer dtype/whole
@group(0) @binding(23) var<storage, read> segments: array<u32>;

override SEGMENTS_DTYPE: u32 = 0u;

fn segment_at(i: u32) -> vec2<u32> {
    let element = i + base(23u);
    let low = segments[word_of_integer(element, SEGMENTS_DTYPE)];
    return whole_bits(low, segments[last_word_of_integer(element, SEGMENTS_DTYPE)], element, SEGMENTS_DTYPE);
}
