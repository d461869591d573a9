// Distillation: the twin of src/losses/divergence/distillation.rs. Uses lib/component lib/params lib/math lib/class fold/divergence.
const TEMPERATURE: u32 = 0u;

fn divergence_temperature() -> f32 {
    return option(TEMPERATURE);
}

fn divergence_score(divergence: f32) -> DivergenceScore {
    return DivergenceScore(divergence, 1.0);
}
