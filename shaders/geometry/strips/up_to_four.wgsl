// The driver chooses how many lanes a subgroup has: at most as many as four matrices have rows.
// slots: matrix
const STRIPS: u32 = 4u;

fn has_strip(strip: u32, lanes: u32) -> bool {
    return (SIDE * strip) < lanes;
}
