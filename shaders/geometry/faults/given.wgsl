// A tally with the first number that the inspections of operands found, where no label before it is out of range.
// needs: lib/params lib/tally scratch/faults
fn with_faults(tally: Tally, lane: u32) -> Tally {
    var first = tally;
    for (var i = lane; i < params.faults; i += 256u) {
        let fault = faults[i];
        if fault.x < first.bad_position {
            first.bad_position = fault.x;
            first.bad_low = fault.y;
            first.bad_high = 0u;
        }
    }
    return first;
}
