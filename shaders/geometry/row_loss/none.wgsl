// Rows have no softmax loss: each pair has a loss of its own.
// needs: fold/similarity
fn similarity_row(row: SimilarityStatistics) -> RowScore {
    return RowScore(0.0, 0.0);
}
