// Stores the teacher's logits of a block in `teacher_logits`.
// needs: scratch/teacher_logits
fn store_logits(entry: u32, four: vec4<f32>) {
    teacher_logits[entry] = four;
}
