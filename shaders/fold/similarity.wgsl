// What the scores of a row come to, and what a similarity leaf makes of them.
// needs: lib/math fold/softmax
struct SimilarityStatistics {
    // Σ −log p over those that the row belongs together with, and how many these are
    surprise: f32,
    similar: f32,
}

// A row that is not known itself, beside what a softmax may be poisoned by.
const UNKNOWN_ROW: u32 = 4u;

// Whether a row has a loss: one that belongs together with none has, where it is not known itself.
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

// The state's shares are 1 where a pair belongs together, so that its spread is the sum of their gaps to the peak.
fn similarity_finish(state: State) -> SimilarityStatistics {
    let log_total = log1p(max(state.rest, 0.0));
    return SimilarityStatistics(state.spread + part_of(mass_of(state), log_total), mass_of(state));
}

// 1 − p of the one that the row belongs together with, where it is only one.
fn similarity_miss(state: State) -> f32 {
    let total = 1.0 + state.rest;
    return select(total - exp_negative(state.spread), state.rest, state.spread == 0.0) / total;
}
