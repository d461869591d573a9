// The counts and sums of positions from which observations, such as the accuracy, are computed.
// needs: lib/tally
// slots: count
struct Observed {
    // how many positions take part; how many have their greatest logit at the label; how many have the label among the top k
    count: u32,
    right: u32,
    near: u32,
    // whether a sum is NaN
    poison: u32,
    entropy: f32,
    // the sum of −log p of the labels, without weights, smoothing and the extra loss
    nll: f32,
}

// The counts and sums as a tally, so that they can be stored behind the tallies of the loss.
fn tally_of_observed(seen: Observed) -> Tally {
    return Tally(seen.entropy, seen.nll, 0.0, NO_COUNT, seen.poison, seen.count, seen.right, seen.near);
}

fn observed_of_tally(tally: Tally) -> Observed {
    return Observed(
        tally.bad_position, tally.bad_low, tally.bad_high, tally.poison, tally.sum, tally.extra
    );
}
