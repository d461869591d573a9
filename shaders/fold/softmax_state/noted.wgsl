// The state of a softmax over classes, with what observations need besides, or with the number of classes that are not masked.
// needs: lib/class lib/math lib/params fold/softmax

// whether to count the classes that come before the label's
override RANKS: bool = true;
// whether the entropy is asked for
override SUMS_GAPS: bool = true;
// whether the class of the greatest logit is needed, for itself or for the accuracy
override PREDICTS: bool = true;
// whether a masked class has no share of the loss; the other classes then have its share
override SPARES_MASKED: bool = false;

const NO_CLASS: u32 = 0xffffffffu;

// The peak is the greatest logit so far, and `rest` the sum of exp(x − peak) over all other classes. Leaving out the peak's
// own 1 keeps the digits of a confident row. An empty state has a rest of −1, so that its total, 1 + rest, is 0. Shares are
// defined in fold/softmax.
struct State {
    peak: f32,
    rest: f32,
    // Σ share·(peak − x), the share of the peak's class, and the sum of all other shares, which keeps its digits beside a
    // confident peak
    spread: f32,
    peak_share: f32,
    other_shares: f32,
    // UNKNOWN_LOGIT, UNKNOWN_SHARE or both; probabilities depend on logits alone, so only the first concerns them
    poison: u32,
    // for observations: Σ exp(x − peak)·(peak − x), from which the entropy follows; and the number of classes that come before
    // the label's if classes are sorted by their logits, the greatest first
    gap_sum: f32,
    ahead: u32,
    // the number of classes that are not masked, if masked ones have no share
    finite: u32,
    // the class of the peak: of equal logits the first
    peak_class: u32,
}

fn fold_empty() -> State {
    return State(LOWEST, -1.0, 0.0, 0.0, 0.0, 0u, 0.0, 0u, 0u, NO_CLASS);
}

// Notes a class before it is absorbed.
fn see_class(state: ptr<function, State>, seen: Class, label_class: LabelClass) {
    note_logit(state, seen.x, seen.index, (seen.x > label_class.x) | ((seen.x == label_class.x) & (seen.index < seen.label)));
}

// Notes a logit, and whether it comes before the label's.
fn note_logit(state: ptr<function, State>, x: f32, class_place: u32, ahead: bool) {
    if RANKS {
        (*state).ahead += select(0u, 1u, ahead);
    }
    if SPARES_MASKED {
        (*state).finite += select(1u, 0u, is_masked(x));
    }
    let known = !(is_infinite(x) | is_nan(x));
    if PREDICTS {
        let first = (x > (*state).peak) | ((x == (*state).peak) & (class_place < (*state).peak_class));
        (*state).peak_class = select((*state).peak_class, class_place, known & first);
    }
    if SUMS_GAPS {
        let total = 1.0 + (*state).rest;
        let up = known & ((x > (*state).peak) | (total == 0.0));
        let gap = select(0.0, abs(x - (*state).peak), known);
        let e = exp_negative(gap);
        // part_of: the first class may lie infinitely far above LOWEST
        let moved = part_of((*state).gap_sum, e) + part_of(total * e, gap);
        let stays = (*state).gap_sum + part_of(e, gap);
        (*state).gap_sum = select(select((*state).gap_sum, stays, known), moved, up);
    }
}

// Merges what two states have noted, before fold_merge merges everything else.
fn merge_seen(top: ptr<function, State>, low: State, gap: f32) {
    if SUMS_GAPS {
        let e = exp_negative(gap);
        (*top).gap_sum += part_of(low.gap_sum, e) + part_of((1.0 + low.rest) * e, gap);
    }
    (*top).ahead += low.ahead;
    (*top).finite += low.finite;
    if low.peak == (*top).peak {
        (*top).peak_class = min((*top).peak_class, low.peak_class);
    }
}

// The share of a class with the logit x, where masked classes may have none.
fn spared_share(x: f32, share: f32) -> f32 {
    return select(share, 0.0, SPARES_MASKED & is_masked(x));
}

// The factor of every share, once all classes have been absorbed: it gives the shares of masked classes to the others.
fn share_factor(state: State) -> f32 {
    if !SPARES_MASKED {
        return 1.0;
    }
    return f32(max(params.all_classes, 2u)) / f32(max(state.finite, 1u));
}
