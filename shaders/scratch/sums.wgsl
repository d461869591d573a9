// For each chunk of positions and each class, the three sums of RegionSums, and a number that is not 0 if one of them is NaN.
// Behind them lie the sums of whole regions, and counts for observations, where these are wanted.
@group(0) @binding(16) var<storage, read_write> region_sums: array<vec4<f32>>;
