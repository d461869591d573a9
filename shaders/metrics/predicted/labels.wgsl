// A position's prediction where predictions are labels; each is checked before it is used.
// needs: dtype/integer dtype/whole lib/label lib/params
@group(0) @binding(2) var<storage, read> x0: array<u32>;

override X0_DTYPE: u32 = 0u;

fn lanes_of_position() -> u32 {
    return 1u;
}

fn prediction_at(position: u32, takes_part: bool, invocation: u32) -> Label {
    let element = position + base(2u);
    let low = x0[word_of_integer(element, X0_DTYPE)];
    let bits = whole_bits(low, x0[last_word_of_integer(element, X0_DTYPE)], element, X0_DTYPE);
    let inside = (bits.y == 0u) & (bits.x < params.label_count);
    return Label(bits.x, inside, takes_part & !inside, bits.x, bits.y);
}
