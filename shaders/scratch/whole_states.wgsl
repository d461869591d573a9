// The state of each row over all other rows, or classes, that it is compared with.
// slots: fold
@group(0) @binding(18) var<storage, read_write> whole_states: array<State>;
