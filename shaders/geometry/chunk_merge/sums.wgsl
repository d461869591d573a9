// How the results of chunks are merged where they are sums over classes that were compared with the whole row.
// needs: fold/divergence fold/mixture
fn merge_none() -> State {
    return state_of_sums(NO_SUMS);
}

fn merge_two(a: State, b: State) -> State {
    return state_of_sums(sums_merge(sums_of(a), sums_of(b)));
}
