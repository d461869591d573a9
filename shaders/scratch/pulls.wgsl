// Pulls: for each row, the derivatives of its loss with respect to its hardest distances, with all scales multiplied in. The
// hardest distances are the greatest to a row with the same label (farthest) and the least to a row with another (nearest).
struct Pull {
    // the bits of both distances; UNKNOWN_PULL if the loss is unknown
    farthest: u32,
    nearest: u32,
    // the derivative with respect to the distance of each row that is at the farthest distance, and of each at the nearest
    of_farthest: f32,
    of_nearest: f32,
}

// no distance has these bits
const UNKNOWN_PULL: u32 = 0xffffffffu;

@group(0) @binding(16) var<storage, read_write> pulls: array<Pull>;

// The pull of a row; if its loss does not count here, a pull of 0.
fn pull_if(scores: bool, row: u32) -> Pull {
    var pull: Pull;
    if scores {
        pull = pulls[row];
    }
    return pull;
}
