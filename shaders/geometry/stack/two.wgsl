// Every subgroup has as many lanes as two matrices have rows.
const STACKED: u32 = 2u;

fn has_place(place: u32, lanes: u32) -> bool {
    return true;
}
