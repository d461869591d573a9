// Writes the unreduced loss.
// needs: lib/params
@group(0) @binding(13) var<storage, read_write> losses: array<f32>;

fn emit_loss(i: u32, loss: f32) {
    losses[i + base(13u)] = loss;
}
