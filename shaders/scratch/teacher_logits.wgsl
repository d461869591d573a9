// The teacher's logits of a block, laid out as `slopes`.
@group(0) @binding(20) var<storage, read_write> teacher_logits: array<vec4<f32>>;
