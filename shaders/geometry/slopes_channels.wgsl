// An item's slopes and its channels, as the two sides of a product over the channels. Uses lib/params lib/math dtype/float operand/x1 operand/factors operand/slopes geometry/row_elements.

// whether a slope that the workgroup reads is not known
var<workgroup> unknown: atomic<u32>;

fn own_at(row: u32, k: u32) -> f32 {
    // a channel stands in the rows and in the columns of its item's matrix
    let a = slopes[(row * params.classes) + (k % params.classes)];
    let b = slopes[(k * params.classes) + (row % params.classes)];
    if is_nan(a) || is_nan(b) {
        atomicOr(&unknown, 1u);
        return 0.0;
    }
    return a + b;
}

fn other_at(position: u32, k: u32) -> f32 {
    if is_nan(factors[k]) {
        return 0.0;
    }
    return x1_at(element_of(k, position));
}
