// Rows have no loss of a softmax: each pair has its own.
// needs: fold/similarity
fn similarity_row(row: SimilarityStatistics) -> RowScore {
    return RowScore(0.0, 0.0);
}
