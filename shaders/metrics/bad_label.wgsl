// The first label out of range among the positions of a workgroup.
struct BadLabel {
    // its position, or NOWHERE
    position: u32,
    // 0 if the label is the target's, 1 if it is a prediction
    operand: u32,
    // its 64 bits
    low: u32,
    high: u32,
}

const NOWHERE: u32 = 0xffffffffu;
const NO_BAD_LABEL: BadLabel = BadLabel(NOWHERE, 0u, 0u, 0u);

var<workgroup> first_position: atomic<u32>;
var<workgroup> first_label: BadLabel;

// Returns to every lane the bad label with the least position among all lanes'. No two lanes have the same position.
fn first_of_lanes(own: BadLabel, lane: u32) -> BadLabel {
    if lane == 0u {
        atomicStore(&first_position, NOWHERE);
        first_label = NO_BAD_LABEL;
    }
    workgroupBarrier();
    if own.position != NOWHERE {
        atomicMin(&first_position, own.position);
    }
    workgroupBarrier();
    if (own.position != NOWHERE) & (own.position == atomicLoad(&first_position)) {
        first_label = own;
    }
    workgroupBarrier();
    return first_label;
}
