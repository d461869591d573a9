// Keeps the numbers that make scores of products behind the factors of all rows, where one kernel has no room for their bindings.
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
