// The nodes' sums in a walk from the first step to the last.
// needs: lib/scaled scratch/alphas
const BACKWARD: bool = false;

fn node_sum(at: u32) -> Scaled {
    return alphas[at];
}

fn keep_sum(at: u32, sum: Scaled) {
    alphas[at] = sum;
}
