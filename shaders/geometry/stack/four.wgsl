// Every subgroup has as many lanes as four matrices have rows.
const STACKED: u32 = 4u;

fn has_place(place: u32, lanes: u32) -> bool {
    return true;
}
