// The probabilities of four positions' class, and what the derivatives by all classes of a position pull at each.
struct Probable {
    p: vec4<f32>,
    // 1 − p, with its digits
    q: vec4<f32>,
}

// Σ p·(slope − lead) over the classes of a position that have been met, the lead being the slope of the likeliest of them: what
// all slopes have in common pulls at nothing, and would hide the rest where that class is sure.
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

// The pull with that of one more class.
fn pulled_by(before: Pull, p: vec4<f32>, slope: vec4<f32>) -> Pull {
    let none = vec4<f32>(0.0);
    let leads = p > before.likeliest;
    let lead = select(before.lead, slope, leads);
    let moved = select(none, before.met * (before.lead - lead), leads);
    let own = select(p * (slope - lead), none, leads);
    return Pull(lead, select(before.likeliest, p, leads), (before.sum + moved) + own, before.met + p);
}
