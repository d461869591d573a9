// What a row's state makes of a logit. Uses lib/params lib/math lib/label operand/labels fold/softmax losses/softmax/cross_entropy operand/hits.

// whether classes have a share of the loss beyond the label's own
override SPREADS: bool = false;

fn pair_absorb(state: ptr<function, State>, z: f32, own: u32, other: u32) {
    var share = 0.0;
    if SPREADS {
        share = softmax_share(0.0);
    }
    fold_absorb(state, z, share);
    let label = target_label(own);
    if label.kept && (label.index == other) {
        hits[own] = z;
    }
}
