// Long sums, which have more digits than an f32: a whole number (x) and a rest between −1 and 1 (y). Compensated (Kahan)
// summation would not do: some drivers simplify the difference that is its rounding error to 0.
fn long_number(x: f32) -> vec2<f32> {
    let whole = trunc(x);
    return vec2<f32>(whole, x - whole);
}

fn long_sum(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    let rest = long_number(a.y + b.y);
    return vec2<f32>((a.x + b.x) + rest.x, rest.y);
}
