// The table that indices are looked up in. Uses lib/params dtype/f32.
@group(0) @binding(15) var<storage, read> table: array<Word>;

fn table_at(i: u32) -> f32 {
    let element = i + base(15u);
    return decode(table[word_of(element)], element);
}
