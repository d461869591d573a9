// The pairs of rows and classes: their logits. Uses lib/params lib/math dtype/float operand/x0 operand/x1 operand/factors absent/bias geometry/row_elements geometry/rows.

// whether the classes are the own side, and the rows whose losses these are the other
override OTHER_SCORES: bool = false;

fn pair_score(product: f32, own: u32, other: u32) -> f32 {
    let of_class = bias_at(select(other, own, OTHER_SCORES));
    if !known(own, other) || is_nan(of_class) {
        return nan();
    }
    // a bias of −∞ masks a class, exactly
    return select(product + of_class, of_class, is_infinite(of_class));
}
