// For each row, two sums over all other rows: of derivative·product, and of the derivatives with respect to scores. Both are
// NaN if a derivative is.
// needs: lib/params
@group(0) @binding(23) var<storage, read_write> row_sums: array<vec2<f32>>;

fn row_sum_at(row: u32) -> u32 {
    return params.block.first_row_sum + (row - params.block.own_first);
}
