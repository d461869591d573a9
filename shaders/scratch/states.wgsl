// The states of rows that are cut into chunks.
// slots: fold
@group(0) @binding(19) var<storage, read_write> chunk_states: array<State>;
