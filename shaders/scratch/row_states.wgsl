// The states of rows that are cut into chunks: one for each sweep over the row and each chunk.
// slots: fold
@group(0) @binding(19) var<storage, read_write> row_states: array<State>;
