// How the results of chunks are merged where they are states of a fold.
// slots: fold
fn merge_none() -> State {
    return fold_empty();
}

fn merge_two(a: State, b: State) -> State {
    return fold_merge(a, b);
}
