// The statistics of a row's scores with the rows that it is compared with, and what a similarity leaf returns for them.
// needs: lib/math fold/softmax
// slots: softmax_state
struct SimilarityStatistics {
    // Σ −log p over the others that are similar to the row, and their number
    surprise: f32,
    similar: f32,
}

// A poison bit: the row's own factor, scale or shift is not finite. The softmax has the lower bits.
const UNKNOWN_ROW: u32 = 4u;

// Whether a row has a loss. A row without similar others has none, unless the row itself is unknown: then its loss is NaN.
fn has_loss(state: State) -> bool {
    return (mass_of(state) != 0.0) | ((state.poison & UNKNOWN_ROW) != 0u);
}

// The loss of a row, and its derivative with respect to the surprise.
struct RowScore {
    loss: f32,
    d: f32,
}

// The loss of a pair by itself, and its derivative with respect to the score.
struct PairScore {
    loss: f32,
    d: f32,
}

// Similar pairs have a share of 1 in the state, so that its spread is the sum of their gaps to the peak.
fn similarity_finish(state: State) -> SimilarityStatistics {
    let log_total = log1p(max(state.rest, 0.0));
    return SimilarityStatistics(state.spread + part_of(mass_of(state), log_total), mass_of(state));
}

// 1 − p of the row's similar other, if it has exactly one.
fn similarity_miss(state: State) -> f32 {
    let total = 1.0 + state.rest;
    return select(total - exp_negative(state.spread), state.rest, state.spread == 0.0) / total;
}
