// The state of lanes that lie next to each other and share a row.
// needs: lib/params
// slots: fold

// lanes that share a row
override LANES: u32 = 1u;

var<workgroup> states: array<State, 256>;

fn merge_lanes(own: State, invocation: u32) -> State {
    var state = own;
    if LANES > 1u {
        let lane = invocation % LANES;
        let first = invocation - lane;
        states[invocation] = state;
        workgroupBarrier();
        // sixteen at a time, since a barrier costs more than fifteen merges
        if LANES > 16u {
            if lane < 16u {
                for (var other = lane + 16u; other < LANES; other += 16u) {
                    state = fold_merge(state, states[first + other]);
                }
                states[invocation] = state;
            }
            workgroupBarrier();
        }
        // lane 0, compared with a parameter: if FXC could tell that lane is 0, it would take seconds to compile this
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
