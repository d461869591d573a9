// Scores a window, from its weighted sums.
// needs: lib/math lib/params geometry/element
// slots: leaf

// The score of a window from its sums about the pivot, the pixel in its middle; NaN if one of them is.
fn score_window(sums: vec4<f32>, pivot: vec2<f32>) -> ElementScore {
    let y = sums.x - sums.y;
    let spread = max((sums.z - (sums.x * sums.x)) - (y * y), 0.0);
    let spread_difference = max(sums.w - (sums.y * sums.y), 0.0);
    let score = window_score(vec4<f32>(pivot + sums.xy, spread, spread_difference));
    // an infinite spread would make a quotient of 0, as if the pictures were alike
    let unknown = any(are_nan(sums)) | is_infinite(spread) | is_nan(score.loss);
    return ElementScore(
        select(score.loss, nan(), unknown), select(score.d, vec4<f32>(nan()), vec4<bool>(unknown))
    );
}
