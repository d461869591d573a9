// Stores the numbers that products are multiplied by and that are added to scores in `factors`, behind the factors of all rows,
// for kernels that have no room for bindings of these numbers.
// needs: lib/params scratch/factors
// slots: logit_bias logit_scale
@compute @workgroup_size(64)
fn score_numbers(@builtin(local_invocation_index) lane: u32) {
    if lane == 0u {
        // a walk over rows has no classes: their number is how many rows all sides have
        factors[params.classes] = product_scale();
        factors[params.classes + 1u] = score_shift();
    }
}
