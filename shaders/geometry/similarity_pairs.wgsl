// The pairs of rows and others: their scores, and which belong together. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/x1 operand/factors absent/labels absent/similarity absent/logit_scale absent/logit_bias geometry/row_elements geometry/rows.

// which pairs belong together: 0 none, 1 those of one place, 2 those of one label
override SIMILAR: u32 = 1u;
// whether the others are the rows themselves, or the batch that these are a piece of: none is compared with itself
override ITSELF: bool = false;
// whether each pair has a loss of its own
override PAIRWISE: bool = false;

fn same_place(own: u32, other: u32) -> bool {
    return (params.block.own_from + own) == (params.block.other_from + other);
}

fn similar(own: u32, other: u32) -> bool {
    if SIMILAR == 2u {
        let a = target_label(params.block.own_from + own);
        let b = target_label(params.block.other_from + other);
        return (a.low == b.low) && (a.high == b.high);
    }
    return (SIMILAR == 1u) && same_place(own, other);
}

fn is_finite(x: f32) -> bool {
    return !is_nan(x) && !is_infinite(x);
}

fn pair_score(product: f32, own: u32, other: u32) -> f32 {
    let scale = product_scale();
    let shift = score_shift();
    if !known(own, other) || !is_finite(scale) || !is_finite(shift) {
        return nan();
    }
    return (scale * product) + shift;
}
