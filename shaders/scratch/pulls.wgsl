// For each row, the sums over all others of derivative·product and of the derivatives; NaN if a derivative is.
// needs: lib/params
@group(0) @binding(23) var<storage, read_write> pulls: array<vec2<f32>>;

fn pull_at(row: u32) -> u32 {
    return params.block.first_pull + (row - params.block.own_first);
}
