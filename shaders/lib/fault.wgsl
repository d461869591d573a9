// Stores the first number that a workgroup of an inspection finds to break a rule.
// needs: scratch/faults
const NO_PLACE: u32 = 0xffffffffu;

var<workgroup> first_fault: atomic<u32>;

// Stores the least of the lanes' places, with its number. A lane that found nothing passes NO_PLACE; if all do, that is stored.
fn store_first_fault(record: u32, place: u32, number: f32, lane: u32) {
    if lane == 0u {
        atomicStore(&first_fault, NO_PLACE);
    }
    workgroupBarrier();
    if place != NO_PLACE {
        atomicMin(&first_fault, place);
    }
    workgroupBarrier();
    let first = atomicLoad(&first_fault);
    if (place == first) & (place != NO_PLACE) {
        faults[record] = vec2<u32>(place, bitcast<u32>(number));
    }
    if (lane == 0u) & (first == NO_PLACE) {
        faults[record] = vec2<u32>(NO_PLACE, 0u);
    }
}
