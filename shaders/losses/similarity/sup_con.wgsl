// Supervised contrastive loss: the twin of src/losses/similarity/sup_con.rs.
// needs: lib/params fold/similarity
const TEMPERATURE: u32 = 0u;

fn similarity_scale() -> f32 {
    return 1.0 / option(TEMPERATURE);
}

fn similarity_row(row: SimilarityStatistics) -> RowScore {
    if row.similar == 0.0 {
        return RowScore(0.0, 0.0);
    }
    return RowScore(row.surprise / row.similar, 1.0 / row.similar);
}
