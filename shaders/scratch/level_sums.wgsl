// For each workgroup that scores windows, the sum of their scores, and 1 if one of them is NaN; level by level, plane by plane.
@group(0) @binding(15) var<storage, read_write> level_sums: array<vec2<f32>>;
