// Distillation: the twin of src/losses/divergence/distillation.rs.
// needs: lib/params fold/divergence
const TEMPERATURE: u32 = 0u;

fn divergence_temperature() -> f32 {
    return option(TEMPERATURE);
}

fn divergence_score(divergence: f32) -> DivergenceScore {
    return DivergenceScore(divergence, 1.0);
}
