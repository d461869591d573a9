// Batch-hard triplet loss: the twin of src/losses/hardest/triplet_hard.rs.
// needs: lib/math lib/params geometry/hardest
override SOFT: bool = false;
const MARGIN: u32 = 0u;

fn hardest_score(d: HardestDistances) -> HardestScore {
    let apart = difference(d.positive, d.negative);
    if SOFT {
        let slope = sigmoid(apart);
        return HardestScore(softplus(apart), slope, -slope);
    }
    let loss = apart + option(MARGIN);
    // a compiler may evaluate a comparison with NaN as true
    if (loss < 0.0) & !is_nan(loss) {
        return HardestScore(0.0, 0.0, 0.0);
    }
    return HardestScore(loss, 1.0, -1.0);
}
