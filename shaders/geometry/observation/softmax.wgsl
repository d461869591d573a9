// Observes positions beside their loss: whether the greatest logit is the label's, the entropy of the softmax, and so on.
// needs: lib/label lib/math lib/params geometry/observed_tile geometry/places
// slots: fold

// Adds a position that takes part. A row with a NaN has no prediction, so that it counts as wrong.
fn observe_position(label: Label, kept: bool, state: State, s: Statistics) {
    if !kept {
        return;
    }
    let total = 1.0 + state.rest;
    let entropy = log1p(max(state.rest, 0.0)) + (state.heat / total);
    observed.count += 1u;
    observed.right += select(0u, 1u, LABELLED & !s.poison & (state.ahead == 0u));
    observed.near += select(0u, 1u, LABELLED & !s.poison & (state.ahead < params.top_k));
    if s.poison {
        observed.poison = 1u;
    } else {
        observed.entropy += entropy;
        observed.nll += s.nll;
    }
}
