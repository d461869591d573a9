// What a label turns out to be.
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
