// Stores an observation, a sum and its denominator, in the outcome behind the rows of all parts, and in the caller's tensor of
// sums.
// needs: lib/params geometry/outcome
// slots: part_sums
fn store_observed(place: u32, sum: f32, denominator: f32) {
    outcome.parts[params.first_observed_row + place] = PartOutcome(sum, 0.0, denominator, 0.0, 0.0);
    store_part_sums(params.first_observed_entry + place, sum, denominator, 0.0);
}
