// A position's whole state, merged from the shards that its classes are spread over.
// needs: lib/class lib/label lib/params geometry/places
// slots: fold label_weight
fn state_of_shard(shard: u32, position: u32) -> State {
    return State(
        of_shard(shard, position, 0u),
        of_shard(shard, position, 1u),
        of_shard(shard, position, 2u),
        of_shard(shard, position, 3u),
        of_shard(shard, position, 4u),
        u32(of_shard(shard, position, 5u)) % FOUND,
    );
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

fn whole_place(position: u32, label: Label) -> Place {
    return Place(LABELLED, of_label(position, 6u), of_label(position, 7u));
}
