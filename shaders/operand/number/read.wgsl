// A number from the caller's tensor.
// needs: geometry/number
@group(0) @binding(5) var<storage, read> number_source: array<u32>;

fn number_bits() -> u32 {
    return number_source[change.base];
}
