// What a label points at, where classes are spread over devices: one piece has it, the others zeros.
// needs: lib/label lib/params operand/statistics geometry/places

// The numbers of a piece's statistics of a position: the state, with whether the piece has the label's class, and what the
// label points at.
const STATISTICS: u32 = 8u;
// what is added to the flags of a state
const FOUND: u32 = 4u;

fn of_piece(piece: u32, position: u32, k: u32) -> f32 {
    return statistic_at((((piece * positions()) + position) * STATISTICS) + k);
}

fn of_label(position: u32, k: u32) -> f32 {
    for (var piece = 0u; piece < params.pieces; piece += 1u) {
        if u32(of_piece(piece, position, 5u)) >= FOUND {
            return of_piece(piece, position, k);
        }
    }
    return 0.0;
}

fn label_weight(position: u32, label: Label) -> f32 {
    return of_label(position, 7u);
}
