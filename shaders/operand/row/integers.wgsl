// The number that a leaf of vectors gets for each row, from a tensor of integers.
// needs: lib/params dtype/integer
@group(0) @binding(23) var<storage, read> row: array<u32>;

override ROW_DTYPE: u32 = 0u;

fn row_at(i: u32) -> f32 {
    let element = i + base(23u);
    let low = row[word_of_integer(element, ROW_DTYPE)];
    return decode_integer(low, row[last_word_of_integer(element, ROW_DTYPE)], element, ROW_DTYPE);
}
