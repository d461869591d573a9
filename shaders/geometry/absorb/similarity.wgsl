// Absorbs a score of two rows into the state of the own row: into its softmax, or into the sum of its pairs' losses.
// needs: lib/math fold/similarity fold/softmax
// slots: pair_loss pairs softmax_state
fn pair_absorb(state: ptr<function, State>, z: f32, own: Row, other: Row) {
    (*state).poison |= select(UNKNOWN_ROW, 0u, own.known);
    if left_out(own, other) {
        return;
    }
    let together = similar(own, other);
    if !PAIRWISE {
        fold_absorb(state, z, select(0.0, 1.0, together));
    } else if is_nan(z) {
        (*state).poison = 1u;
    } else {
        (*state).spread += similarity_pair(z, together).loss;
    }
}
