// The number that a leaf of vectors gets for each row, from a tensor.
// needs: lib/params dtype/float
@group(0) @binding(23) var<storage, read> row: array<u32>;

override ROW_DTYPE: u32 = 0u;

fn row_at(i: u32) -> f32 {
    let element = i + base(23u);
    return decode(row[word_of(element, ROW_DTYPE)], element, ROW_DTYPE);
}
