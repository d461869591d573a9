// Every subgroup has as many lanes as four matrices have rows.
const STRIPS: u32 = 4u;

fn has_strip(strip: u32, lanes: u32) -> bool {
    return true;
}
