// A whole number from the caller's tensor, which each run increments by 1.
// needs: geometry/number
@group(0) @binding(6) var<storage, read_write> counter: array<u32>;

fn number_bits() -> u32 {
    let bits = counter[change.base];
    counter[change.base] = bits + 1u;
    return bits;
}
