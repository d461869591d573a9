// The states of the chunks that rows are cut into, row by row.
// slots: fold
@group(0) @binding(19) var<storage, read_write> chunk_states: array<State>;
