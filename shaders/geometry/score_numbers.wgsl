// Stores two numbers in `factors`, behind the factors of all rows: the number that products are multiplied by, and the number
// that is added to scores. Kernels that have no room to bind the operands of these numbers read them there.
// needs: lib/params scratch/factors
// slots: logit_bias logit_scale
@compute @workgroup_size(64)
fn score_numbers(@builtin(local_invocation_index) lane: u32) {
    if lane == 0u {
        // params.classes is how many rows all sides have together, since a walk over rows has no classes
        factors[params.classes] = product_scale();
        factors[params.classes + 1u] = score_shift();
    }
}
