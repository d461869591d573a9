// What the inspections of operands found: for each of their workgroups, the first place that breaks a rule, and the number
// there.
@group(0) @binding(15) var<storage, read_write> faults: array<vec2<u32>>;
