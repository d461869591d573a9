// A softmax as a fold over the classes of a position: connects fold/softmax with the walks over positions and with the leaf.
// needs: lib/class fold/softmax
// slots: leaf softmax_state

// whether every class has a share of the loss, not the label's class alone
override SPREADS: bool = false;

alias Score = SoftmaxScore;
alias Slopes = SoftmaxSlopes;

fn share_of(seen: Class) -> f32 {
    if !SPREADS {
        return 0.0;
    }
    return spared_share(seen.x, softmax_share(seen.t) * seen.weight);
}

fn absorb_class(state: ptr<function, State>, seen: Class, label_class: LabelClass) {
    see_class(state, seen, label_class);
    if SPREADS {
        fold_absorb(state, seen.x, share_of(seen));
    } else {
        fold_absorb_alone(state, seen.x);
    }
}

fn finish_position(state: State, label_class: LabelClass) -> Statistics {
    return fold_finish(state, label_class.labelled, label_class.x, label_class.weight);
}

fn score_position(s: Statistics) -> Score {
    return softmax_score(s);
}

fn slopes_of(s: Statistics, score: Score, scale: vec2<f32>) -> Slopes {
    return fold_slopes(s, score, scale);
}

fn write_class(slopes: Slopes, seen: Class) -> f32 {
    if SPREADS {
        return fold_write_shared(slopes, seen.x, share_of(seen), seen.hit);
    }
    return fold_write(slopes, seen.x, seen.hit);
}
