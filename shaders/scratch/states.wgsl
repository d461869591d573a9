// The states of the chunks that rows are cut into.
// slots: fold
@group(0) @binding(19) var<storage, read_write> chunk_states: array<State>;
