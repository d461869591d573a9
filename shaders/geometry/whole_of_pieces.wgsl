// A position's whole state, where its classes are spread over devices: that of all pieces. Uses lib/component lib/params lib/math lib/class lib/label dtype/float operand/x0 operand/labels absent/class_weight absent/mask operand/statistics fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis geometry/label_of_pieces.
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
