// Every subgroup has as many lanes as a matrix has rows.
const STRIPS: u32 = 1u;

fn has_strip(strip: u32, lanes: u32) -> bool {
    return true;
}
