// The probabilities of a class at four positions, and the mean slope. A slope is the derivative of the loss with respect to a
// probability. The mean weighs each class's slope by its probability; the gradient of a softmax subtracts it from each slope.
struct Probable {
    p: vec4<f32>,
    // 1 − p, computed without cancellation
    q: vec4<f32>,
}

// Σ p·(slope − lead) over the classes of a position met so far; the lead is the slope of the likeliest of them. A summand that
// all slopes share cancels in the gradient; but without the lead it would drown the rest of the sum if one class is nearly
// certain.
struct MeanSlope {
    lead: vec4<f32>,
    likeliest: vec4<f32>,
    sum: vec4<f32>,
    // Σ p
    met: vec4<f32>,
}

fn no_mean_slope() -> MeanSlope {
    return MeanSlope(vec4<f32>(0.0), vec4<f32>(-1.0), vec4<f32>(0.0), vec4<f32>(0.0));
}

// Adds a class to the mean slope.
fn mean_slope_with(before: MeanSlope, p: vec4<f32>, slope: vec4<f32>) -> MeanSlope {
    let none = vec4<f32>(0.0);
    let leads = p > before.likeliest;
    let lead = select(before.lead, slope, leads);
    let moved = select(none, before.met * (before.lead - lead), leads);
    let own = select(p * (slope - lead), none, leads);
    return MeanSlope(lead, select(before.likeliest, p, leads), (before.sum + moved) + own, before.met + p);
}
