// Merges the states of neighbouring lanes that share a row; every lane gets the result.
// needs: lib/params
// slots: fold

// how many lanes share a row
override LANES: u32 = 1u;

var<workgroup> states: array<State, 256>;

fn merge_lanes(own: State, invocation: u32) -> State {
    var state = own;
    if LANES > 1u {
        let lane = invocation % LANES;
        let first = invocation - lane;
        states[invocation] = state;
        workgroupBarrier();
        // sixteen lanes merge first, then one merges the sixteen: a barrier costs more than fifteen merges
        if LANES > 16u {
            if lane < 16u {
                for (var other = lane + 16u; other < LANES; other += 16u) {
                    state = fold_merge(state, states[first + other]);
                }
                states[invocation] = state;
            }
            workgroupBarrier();
        }
        // lane 0, by comparison with a parameter: if FXC knew that lane is 0, it would take seconds to compile this
        if lane < (params.sixteen >> 4u) {
            for (var other = lane + 1u; other < min(LANES, params.sixteen); other += 1u) {
                state = fold_merge(state, states[first + other]);
            }
            states[invocation] = state;
        }
        workgroupBarrier();
        state = states[first];
        workgroupBarrier();
    }
    return state;
}
