// A position's whole state, merged from the shards that its classes are spread over.
// needs: lib/class lib/label lib/params geometry/places geometry/shards
// slots: fold state_numbers
fn state_of_shard(shard: u32, position: u32) -> State {
    let poison = u32(of_shard(shard, position, 5u)) % FOUND;
    let state = state_of(first_of_shard(shard, position), of_shard(shard, position, 4u), poison);
    return noted(state, notes_of_shard(shard, position));
}

fn merge_whole(position: u32) -> State {
    var state = state_of_shard(0u, position);
    for (var shard = 1u; shard < params.shards; shard += 1u) {
        state = fold_merge(state, state_of_shard(shard, position));
    }
    return state;
}

fn merged_whole(position: u32) -> State {
    return merge_whole(position);
}

fn whole_label_class(position: u32, label: Label) -> LabelClass {
    return LabelClass(LABELLED, of_label(position, 6u), of_label(position, 7u));
}
