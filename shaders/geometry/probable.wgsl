// The probabilities of a class at four positions, and the pull of all classes on each through the softmax.
struct Probable {
    p: vec4<f32>,
    // 1 − p, computed without cancellation
    q: vec4<f32>,
}

// Σ p·(slope − lead) over the classes of a position met so far; the lead is the slope of the likeliest of them. What all
// slopes have in common drops out of the gradient, but would drown the rest of the sum if one class is nearly certain.
struct Pull {
    lead: vec4<f32>,
    likeliest: vec4<f32>,
    sum: vec4<f32>,
    // Σ p
    met: vec4<f32>,
}

fn no_pull() -> Pull {
    return Pull(vec4<f32>(0.0), vec4<f32>(-1.0), vec4<f32>(0.0), vec4<f32>(0.0));
}

// Adds a class to the pull.
fn pulled_by(before: Pull, p: vec4<f32>, slope: vec4<f32>) -> Pull {
    let none = vec4<f32>(0.0);
    let leads = p > before.likeliest;
    let lead = select(before.lead, slope, leads);
    let moved = select(none, before.met * (before.lead - lead), leads);
    let own = select(p * (slope - lead), none, leads);
    return Pull(lead, select(before.likeliest, p, leads), (before.sum + moved) + own, before.met + p);
}
