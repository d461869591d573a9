// Adds a position to the tally, and writes its unreduced loss.
// needs: lib/label lib/math lib/params lib/tally
// slots: fold losses
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
    (*tally).count += 1u;
    (*tally).weight += s.weight;
    if s.poison | is_nan(score.loss) | is_nan(score.extra) | is_nan(s.weight) {
        (*tally).poison = 1u;
        emit_loss(position, nan());
    } else {
        (*tally).sum += score.loss;
        (*tally).extra += score.extra;
        emit_loss(position, params.weight * (score.loss + score.extra));
    }
}
