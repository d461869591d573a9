// A whole number from a tensor of the caller's, which each run counts up.
// needs: geometry/number
@group(0) @binding(6) var<storage, read_write> counter: array<u32>;

fn number_bits() -> u32 {
    let bits = counter[change.base];
    counter[change.base] = bits + 1u;
    return bits;
}
