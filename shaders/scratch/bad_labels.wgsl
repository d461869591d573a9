// For each workgroup of a metric, the first of its labels that is out of range.
// needs: metrics/bad_label
@group(0) @binding(18) var<storage, read_write> bad_labels: array<BadLabel>;
