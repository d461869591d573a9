// A softmax as a fold over the classes of a position. Uses lib/params lib/math lib/class fold/softmax losses/softmax/cross_entropy.

// whether classes have a share of the loss beyond the label's own
override SPREADS: bool = false;

alias Score = SoftmaxScore;

fn share_of(seen: Class) -> f32 {
    if !SPREADS {
        return 0.0;
    }
    return softmax_share(seen.t) * seen.weight;
}

fn absorb_class(state: ptr<function, State>, seen: Class, place: Place) {
    fold_absorb(state, seen.x, share_of(seen));
}

fn finish_place(state: State, place: Place) -> Statistics {
    return fold_finish(state, place.labelled, place.x, place.weight);
}

fn score_place(s: Statistics) -> Score {
    return softmax_score(s);
}

fn write_class(s: Statistics, score: Score, seen: Class, scale: vec2<f32>) -> f32 {
    return fold_write(s, score, seen.x, share_of(seen), seen.hit, scale);
}
