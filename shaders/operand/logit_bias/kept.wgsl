// The number that is added to all scores, as score_numbers has stored it behind the factors of rows.
// needs: lib/params scratch/factors
fn score_shift() -> f32 {
    return factors[params.classes + 1u];
}
