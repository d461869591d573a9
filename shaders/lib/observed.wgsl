// The sums and counts of what is observed beside a loss.
// needs: lib/tally
// slots: count
struct Observed {
    // the positions that take part; those whose greatest logit is the label's; those whose label is among the top k
    count: u32,
    right: u32,
    near: u32,
    // whether a sum is NaN
    poison: u32,
    entropy: f32,
    // −log p of the labels, without weights, smoothing and the extra loss
    nll: f32,
}

// An observation in the memory of a tally.
fn tally_of_observed(seen: Observed) -> Tally {
    return Tally(seen.entropy, seen.nll, 0.0, NO_COUNT, seen.poison, seen.count, seen.right, seen.near);
}

fn observed_of_tally(tally: Tally) -> Observed {
    return Observed(
        tally.bad_position, tally.bad_low, tally.bad_high, tally.poison, tally.sum, tally.extra
    );
}
