// How many steps each item has, as 64 bits.
// needs: lib/params dtype/integer dtype/whole
@group(0) @binding(10) var<storage, read> step_counts: array<u32>;

override STEP_COUNTS_DTYPE: u32 = 0u;

fn step_count_at(i: u32) -> vec2<u32> {
    let element = i + base(10u);
    let low = step_counts[word_of_integer(element, STEP_COUNTS_DTYPE)];
    return whole_bits(low, step_counts[last_word_of_integer(element, STEP_COUNTS_DTYPE)], element, STEP_COUNTS_DTYPE);
}
