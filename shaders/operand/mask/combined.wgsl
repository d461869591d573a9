// The mask of a value, from the factors of all values.
// needs: scratch/value_factors
fn mask_at(i: u32) -> f32 {
    return select(1.0, 0.0, value_factor(i).x == LEFT_OUT);
}
