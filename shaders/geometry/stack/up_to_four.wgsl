// The driver chooses how many lanes a subgroup has: at most as many as four matrices have rows.
// slots: matrix
const STACKED: u32 = 4u;

fn has_place(place: u32, lanes: u32) -> bool {
    return (SIDE * place) < lanes;
}
