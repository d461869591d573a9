// A position's whole state, merged from the shards that its classes are spread over.
// needs: lib/class lib/label lib/params geometry/places
// slots: fold label_weight
fn state_of_piece(piece: u32, position: u32) -> State {
    return State(
        of_piece(piece, position, 0u),
        of_piece(piece, position, 1u),
        of_piece(piece, position, 2u),
        of_piece(piece, position, 3u),
        of_piece(piece, position, 4u),
        u32(of_piece(piece, position, 5u)) % FOUND,
    );
}

fn merge_whole(position: u32) -> State {
    var state = state_of_piece(0u, position);
    for (var piece = 1u; piece < params.pieces; piece += 1u) {
        state = fold_merge(state, state_of_piece(piece, position));
    }
    return state;
}

fn merged_whole(position: u32) -> State {
    return merge_whole(position);
}

fn whole_place(position: u32, label: Label) -> Place {
    return Place(LABELLED, of_label(position, 6u), of_label(position, 7u));
}
