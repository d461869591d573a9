// The sums of a region, of terms that do not cancel, and what a region leaf makes of them.
struct RegionSums {
    // Σpt
    true_pos: f32,
    // Σp(1 − t), with squares Σ(p − t)²
    false_pos: f32,
    // Σ(1 − p)t, with squares 0
    false_neg: f32,
}

// The loss of a class, and its derivatives as a function of Σpt, Σp and Σt.
struct RegionScore {
    loss: f32,
    d_pt: f32,
    d_p: f32,
}
