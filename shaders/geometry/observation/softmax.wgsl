// Observes positions beside their loss: whether the greatest logit is the label's, the entropy of the softmax, and so on.
// needs: lib/label lib/math lib/params fold/softmax geometry/observed_workgroup geometry/places
// slots: fold observed_positions softmax_state

// Adds a position that takes part to the counts and sums, and keeps what is observed of single positions. A position with a NaN
// has no prediction, and counts as wrong.
fn observe_position(position: u32, label: Label, kept: bool, state: State, s: Statistics) {
    if !kept {
        keep_observed(position, NO_CLASS, 0.0);
        return;
    }
    // a NaN among the classes' shares (see fold/softmax) makes the loss NaN, but the softmax depends on logits alone
    let unknown = ((state.poison & UNKNOWN_LOGIT) != 0u) | (state.rest < 0.0);
    keep_observed(position, select(state.peak_class, NO_CLASS, unknown), select(-s.nll, nan(), unknown));
    let total = 1.0 + state.rest;
    let entropy = log1p(max(state.rest, 0.0)) + (state.gap_sum / total);
    observed.count += 1u;
    observed.right += select(0u, 1u, LABELLED & !unknown & (state.peak_class == label.index + params.first_class));
    observed.near += select(0u, 1u, LABELLED & !unknown & (state.ahead < params.top_k));
    if unknown {
        observed.poison = 1u;
    } else {
        observed.entropy += entropy;
        observed.nll += s.nll;
    }
}
