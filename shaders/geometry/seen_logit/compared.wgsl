// Compares each logit of a row with its label's, which is known before the tiles.
// needs: lib/params scratch/hits geometry/label_margin
// slots: pairs softmax_state

fn see_logit(state: ptr<function, State>, z: f32, of_label: bool, own: Row, other: Row) {
    // without a margin the label's logit lies behind the logits that the tiles leave
    let of_own = hits[select(params.items, 0u, LABEL_MARGIN) + own.place];
    let ahead = (z > of_own) | ((z == of_own) & (other.place < own.label));
    note_logit(state, z, other.place, ahead & !of_label);
}
