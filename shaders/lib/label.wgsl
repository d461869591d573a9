// A label after its check: its class, and whether its position takes part.
// needs: lib/params
struct Label {
    // the class, counted from this shard's first; past the shard's classes if another device has it; 0 if the label is not
    // kept
    index: u32,
    // whether the label names a class and is not the ignored one
    kept: bool,
    // whether the label is out of range without being the ignored one; `low` and `high` are its 64 bits
    bad: bool,
    low: u32,
    high: u32,
}

// The upper 32 bits of the 64 bits to which an i32 with these bits is extended.
fn sign_of(low: u32) -> u32 {
    return select(0u, 0xffffffffu, low >= 0x80000000u);
}

// Checks the label that has these 64 bits.
fn label_of_bits(low: u32, high: u32) -> Label {
    let ignored_low = bitcast<u32>(params.ignore_index);
    let ignored = (params.ignores != 0u) & (low == ignored_low) & (high == sign_of(ignored_low));
    let inside = (high == 0u) & (low < params.label_count);
    let kept = inside & !ignored;
    return Label(select(0u, low - params.first_class, kept), kept, !inside & !ignored, low, high);
}

// Whether two labels are the same number.
fn same_label(a: Label, b: Label) -> bool {
    return (a.low == b.low) & (a.high == b.high);
}

// The labels of four neighbouring positions.
struct Labels {
    a: Label,
    b: Label,
    c: Label,
    d: Label,
}
