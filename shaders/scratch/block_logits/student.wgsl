// The logits that are made are the student's. Their slopes will take their place.
// needs: scratch/slopes
fn store_logits(entry: u32, four: vec4<f32>) {
    slopes[entry] = four;
}
