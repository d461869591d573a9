// The label's logit where it is a cosine with a margin. Stores the logit in `hits`, and in `margin_slopes` the derivative of
// the cosine with its margin with respect to the cosine. The products of tiles would not do: rounded, a cosine near 1 has lost
// the sine of its angle.
// needs: scratch/hits scratch/margin_slopes
// slots: leaf logit_scale

// below this sine, rounding decides in which direction the angle grows, and the derivative is taken as 0
const LEAST_SINE: f32 = 1e-6;

// Whether a vector is 0, which has a factor of 0, or was divided by the least norm, 1e-8, instead of its own.
fn is_short(factor: f32) -> bool {
    return (factor == 0.0) | (factor >= 1e8);
}

// Adds a coordinate to the two sums, Σ(u − v)² and Σ(u + v)², where u is the row and v the class, both divided by their norms.
fn add_label_summands(sums: vec2<f32>, u: f32, v: f32) -> vec2<f32> {
    return sums + vec2<f32>((u - v) * (u - v), (u + v) * (u + v));
}

fn keep_label(row: u32, class_place: u32, sums: vec2<f32>, of_row: f32, of_class: f32) {
    let cosine = clamp(0.25 * (sums.y - sums.x), -1.0, 1.0);
    // 1 − cosine and 1 + cosine, which are half of these sums unless a vector is short
    let short = is_short(of_row) | is_short(of_class);
    let ends = select(0.5 * sums, vec2<f32>(1.0 - cosine, 1.0 + cosine), short);
    let sine = sqrt(ends.x * ends.y);
    let margined = softmax_margin(cosine, sine);
    hits[row] = product_scale() * margined.x;
    margin_slopes[row] = select(margined.y, 0.0, sine < LEAST_SINE);
}
