// The state of lanes that lie next to each other and share a row. Uses lib/params lib/math geometry/distances fold/cosine.

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
        for (var width = LANES; width > 1u; width = (width + 15u) / 16u) {
            let next = (width + 15u) / 16u;
            if lane < next {
                for (var other = lane + next; other < width; other += next) {
                    state = fold_merge(state, states[first + other]);
                }
                states[invocation] = state;
            }
            workgroupBarrier();
        }
        state = states[first];
        workgroupBarrier();
    }
    return state;
}
