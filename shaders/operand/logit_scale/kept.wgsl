// The number that products are multiplied by, as score_numbers has stored it behind the factors of rows.
// needs: lib/params scratch/factors
fn product_scale() -> f32 {
    return factors[params.classes];
}
