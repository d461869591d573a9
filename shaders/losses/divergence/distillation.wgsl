// Distillation: the twin of src/losses/divergence/distillation.rs.
// needs: lib/params fold/divergence
const TEMPERATURE: u32 = 0u;
const BETA: u32 = 1u;
// 0 forward, 1 reverse, 2 js
override DIRECTION: u32 = 0u;

fn divergence_temperature() -> f32 {
    return option(TEMPERATURE);
}

fn divergence_mixture() -> f32 {
    return select(option(BETA), 1.0, DIRECTION == 1u);
}

fn divergence_score(divergence: f32) -> DivergenceScore {
    return DivergenceScore(divergence, 1.0);
}
