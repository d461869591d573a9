// Every subgroup has as many lanes as two matrices have rows.
const STRIPS: u32 = 2u;

fn has_strip(strip: u32, lanes: u32) -> bool {
    return true;
}
