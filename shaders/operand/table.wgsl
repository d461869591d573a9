// A table of numbers, in which the indices of items are looked up, or whose mean is taken.
// needs: lib/params dtype/float
@group(0) @binding(15) var<storage, read> table: array<u32>;

override TABLE_DTYPE: u32 = 0u;

fn table_at(i: u32) -> f32 {
    let element = i + base(15u);
    return decode(table[word_of(element, TABLE_DTYPE)], element, TABLE_DTYPE);
}
