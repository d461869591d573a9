// The nodes' sums in a walk from the last step back to the first.
// needs: lib/scaled scratch/betas
const BACKWARD: bool = true;

fn node_sum(at: u32) -> Scaled {
    return betas[at];
}

fn keep_sum(at: u32, sum: Scaled) {
    betas[at] = sum;
}
