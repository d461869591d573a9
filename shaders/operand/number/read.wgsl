// A number from a tensor of the caller's.
// needs: geometry/number
@group(0) @binding(5) var<storage, read> number_source: array<u32>;

fn number_bits() -> u32 {
    return number_source[change.base];
}
