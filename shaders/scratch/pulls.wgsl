// Pulls: the derivatives of a row's loss with respect to its hardest distances, with all scales multiplied in.
struct Pull {
    // the bits of both distances; UNKNOWN_PULL if the loss is unknown
    farthest: u32,
    nearest: u32,
    // the derivative for each row that is the farthest, and for each that is the nearest
    of_farthest: f32,
    of_nearest: f32,
}

// no distance has these bits
const UNKNOWN_PULL: u32 = 0xffffffffu;

@group(0) @binding(16) var<storage, read_write> pulls: array<Pull>;

// The pull of a row whose loss a distance belongs to, or none.
fn pull_if(scores: bool, row: u32) -> Pull {
    var pull: Pull;
    if scores {
        pull = pulls[row];
    }
    return pull;
}
