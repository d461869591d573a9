// Notes each logit of a row, and whether it comes before the label's logit, which an earlier kernel has computed.
// needs: lib/params scratch/hits geometry/label_margin
// slots: pairs softmax_state

fn see_logit(state: ptr<function, State>, z: f32, of_label: bool, own: Row, other: Row) {
    // without a margin, the logit to compare with lies behind the label's logits that the tiles store (see
    // label_logit/product)
    let of_own = hits[select(params.items, 0u, LABEL_MARGIN) + own.place];
    let ahead = (z > of_own) | ((z == of_own) & (other.place < own.label));
    note_logit(state, z, other.place, ahead & !of_label);
}
