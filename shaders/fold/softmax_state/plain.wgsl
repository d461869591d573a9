// The state of a softmax over classes, where neither observations nor a loss that leaves out masked classes need more.
// needs: lib/class fold/softmax

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
}

fn fold_empty() -> State {
    return State(LOWEST, -1.0, 0.0, 0.0, 0.0, 0u);
}

// Would note a class before it is absorbed; this state notes nothing.
fn see_class(state: ptr<function, State>, seen: Class, label_class: LabelClass) {}

// Would merge what two states have noted.
fn merge_seen(top: ptr<function, State>, low: State, gap: f32) {}

// The share of a class with the logit x.
fn spared_share(x: f32, share: f32) -> f32 {
    return share;
}

// The factor of every share, once all classes are known.
fn share_factor(state: State) -> f32 {
    return 1.0;
}
