// The states of rows that are cut into chunks. Uses lib/component lib/params lib/math fold/softmax.
@group(0) @binding(19) var<storage, read_write> chunk_states: array<State>;
