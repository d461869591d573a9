// The mask of a value, from `value_factors`, which an earlier kernel has made of mask, sample weight and upstream gradient.
// needs: scratch/value_factors
fn mask_at(i: u32) -> f32 {
    return select(1.0, 0.0, value_factor(i).x == LEFT_OUT);
}
