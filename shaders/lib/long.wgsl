// Sums of more digits than an f32 has: each is followed by what is too small for it.
// a + b, and what the sum is rounded by.
fn two_sum(a: f32, b: f32) -> vec2<f32> {
    let sum = a + b;
    let of_b = sum - a;
    return vec2<f32>(sum, (a - (sum - of_b)) + (b - of_b));
}

// a + b for sums that are followed by what is too small for them.
fn long_sum(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    let sum = two_sum(a.x, b.x);
    return two_sum(sum.x, sum.y + (a.y + b.y));
}
