// Writes a part's sum, denominator and weight to the caller's tensor.
// needs: lib/params
@group(0) @binding(19) var<storage, read_write> part_sums: array<f32>;

// Whether sums and denominators are added to what the tensor holds.
override PART_SUMS_ADD: bool = false;

fn store_part_sums(entry: u32, sum: f32, denominator: f32, weight: f32) {
    let at = (3u * entry) + base(19u);
    if PART_SUMS_ADD {
        part_sums[at] += sum;
        part_sums[at + 1u] += denominator;
    } else {
        part_sums[at] = sum;
        part_sums[at + 1u] = denominator;
    }
    part_sums[at + 2u] = weight;
}
