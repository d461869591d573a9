// No unreduced loss.
fn emit_loss(i: u32, loss: f32) {}
