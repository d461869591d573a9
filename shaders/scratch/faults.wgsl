// For each workgroup that inspects an operand, the first place whose number breaks a rule, and the number.
@group(0) @binding(15) var<storage, read_write> faults: array<vec2<u32>>;
