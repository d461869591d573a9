// Stores the student's logits of a block in `slopes`, where their derivatives replace them later.
// needs: scratch/slopes
fn store_logits(entry: u32, four: vec4<f32>) {
    slopes[entry] = four;
}
