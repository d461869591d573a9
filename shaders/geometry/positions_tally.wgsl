// Adds a position to the tally, and writes its unreduced loss.
// needs: lib/label lib/math lib/params lib/tally
// slots: fold losses sample_weight
fn tally_position(position: u32, label: Label, kept: bool, s: Statistics, score: Score, tally: ptr<function, Tally>) {
    if label.bad & (position < (*tally).bad_position) {
        (*tally).bad_position = position;
        (*tally).bad_low = label.low;
        (*tally).bad_high = label.high;
    }
    if !kept {
        emit_loss(position, 0.0);
        return;
    }
    let loss = sampled(position, score.loss);
    // without an extra loss `score.extra` is 0, which an infinite sample weight would make NaN
    let extra = select(0.0, sampled(position, score.extra), params.has_extra != 0u);
    (*tally).count += count_at(position);
    (*tally).weight += sampled(position, s.weight);
    if s.poison | is_nan(loss) | is_nan(extra) | is_nan(s.weight) {
        (*tally).poison = 1u;
        emit_loss(position, nan());
    } else {
        (*tally).sum += loss;
        (*tally).extra += extra;
        emit_loss(position, params.weight * (loss + extra));
    }
}
