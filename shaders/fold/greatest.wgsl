// The class with the greatest logit, the first of equal ones.

// The rank of the greatest logit so far, and its class. An empty state has a rank that no logit has.
struct State {
    rank: u32,
    index: u32,
}

const NO_CLASS: u32 = 0xffffffffu;
// the rank of NaN: a position with a NaN has no greatest logit
const UNKNOWN_RANK: u32 = 0xffffffffu;

fn fold_empty() -> State {
    return State(0u, NO_CLASS);
}

// Whole numbers in the order of the logits, with NaN above all. Zeros of both signs have one rank.
fn rank_of(x: f32) -> u32 {
    let bits = bitcast<u32>(x);
    let rank = select(bits | 0x80000000u, ~bits, bits > 0x80000000u);
    return select(rank, UNKNOWN_RANK, (bits & 0x7fffffffu) > 0x7f800000u);
}

fn fold_merge(a: State, b: State) -> State {
    let takes_b = (b.rank > a.rank) | ((b.rank == a.rank) & (b.index < a.index));
    return State(select(a.rank, b.rank, takes_b), select(a.index, b.index, takes_b));
}
