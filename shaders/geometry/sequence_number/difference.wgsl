// The leaf sees one number of a sequence: the mean of the first operand less the second.
// needs: lib/math
// slots: leaf x0 x1
fn sequence_summand(i: u32) -> f32 {
    return difference(x0_at(i), x1_at(i));
}

fn sequence_numbers(mean: f32) -> vec3<f32> {
    return element_item(mean);
}
