// What a label turns out to be.
// needs: lib/params
struct Label {
    // the class, among those that are here: beyond them where another device has it; 0 where the label does not name one
    index: u32,
    // whether the position takes part
    kept: bool,
    // whether the label lies outside the range without being the ignored one, and its 64 bits
    bad: bool,
    low: u32,
    high: u32,
}

fn sign_of(low: u32) -> u32 {
    return select(0u, 0xffffffffu, low >= 0x80000000u);
}

// The label of these 64 bits, checked.
fn label_of_bits(low: u32, high: u32) -> Label {
    let ignored_low = bitcast<u32>(params.ignore_index);
    let ignored = (params.ignores != 0u) & (low == ignored_low) & (high == sign_of(ignored_low));
    let inside = (high == 0u) & (low < params.label_count);
    let kept = inside & !ignored;
    return Label(select(0u, low - params.first_class, kept), kept, !inside & !ignored, low, high);
}

// The labels of four neighbours.
struct Labels {
    a: Label,
    b: Label,
    c: Label,
    d: Label,
}
