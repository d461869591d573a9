// Observes elements beside their loss: an element is right if its logit is above 0 and its target above ½, or neither is.
// needs: lib/math geometry/observed_workgroup
// slots: components

// Adds an element that takes part. A NaN predicts nothing, so that it counts as wrong.
fn observe_element(kept: bool, seen: Seen) {
    let known = !is_nan(seen.x) & !is_nan(seen.y);
    let right = known & ((seen.x > 0.0) == (seen.y > 0.5));
    observed.count += select(0u, 1u, kept);
    observed.right += select(0u, 1u, kept & right);
}
