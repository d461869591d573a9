// Absorbs a logit of a linear layer into the softmax state of its row, and keeps the label's logit in `hits`.
// needs: lib/math lib/params scratch/hits fold/softmax geometry/label_margin
// slots: class_weight labels leaf pairs seen_logit softcap softmax_state

// whether every class has a share of the loss, not the label's class alone
override SPREADS: bool = false;

fn own_row(own: u32) -> Row {
    let label = target_label(own);
    var row = own_unlabelled(own);
    row.kept = label.kept & (own < params.block.own_end);
    row.label = label.index;
    return row;
}

fn pair_absorb(state: ptr<function, State>, score: f32, own: Row, other: Row) {
    let of_label = own.kept & (own.label == other.place);
    var z = capped(score);
    if LABEL_MARGIN {
        z = select(z, hits[own.place], of_label & !is_nan(score));
    }
    var share = 0.0;
    if SPREADS {
        share = spared_share(z, softmax_share(0.0) * class_weight_at(other.place));
    }
    see_logit(state, z, of_label, own, other);
    fold_absorb(state, z, share);
    if of_label {
        hits[own.place] = z;
    }
}
