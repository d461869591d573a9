// The number that products are multiplied by, as score_numbers keeps it.
// needs: lib/params scratch/factors
fn product_scale() -> f32 {
    return factors[params.classes];
}
