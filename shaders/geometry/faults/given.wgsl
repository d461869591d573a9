// Adds to a tally the first number that the inspections of operands have found to break a rule, unless a label comes before it:
// labels out of range have lower positions.
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
