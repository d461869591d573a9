// InfoNCE: the twin of src/losses/similarity/info_nce.rs.
// needs: lib/params fold/similarity
const TEMPERATURE: u32 = 0u;

fn similarity_scale() -> f32 {
    return 1.0 / option(TEMPERATURE);
}

fn similarity_row(row: SimilarityStatistics) -> RowScore {
    // the mean over the row's positives: one, or several if keys share a label
    return RowScore(row.surprise / row.similar, 1.0 / row.similar);
}
