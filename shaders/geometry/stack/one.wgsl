// Every subgroup has as many lanes as a matrix has rows.
const STACKED: u32 = 1u;

fn has_place(place: u32, lanes: u32) -> bool {
    return true;
}
