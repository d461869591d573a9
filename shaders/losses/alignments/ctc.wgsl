// Connectionist temporal classification, from the log-probability of an item's alignments: the twin of
// src/losses/alignments/ctc.rs.
// needs: lib/math geometry/alignment
override ZERO_INFINITY: bool = false;

fn alignment_score(log_probability: f32) -> AlignmentScore {
    let none = ZERO_INFINITY & is_masked(log_probability);
    return AlignmentScore(select(-log_probability, 0.0, none), select(-1.0, 0.0, none));
}
