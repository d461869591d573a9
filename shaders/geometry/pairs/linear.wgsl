// The pairs of a row and a class of a linear layer, and their logits.
// needs: lib/math lib/params scratch/factors
// slots: bias logit_scale

// whether classes are the own side and rows the other; losses belong to rows
override OTHER_SCORES: bool = false;

// A row or a class: its place; whether its elements are finite and its bias is not NaN (`known`); and the bias that a class
// adds to its logits (`shift`).
struct Row {
    place: u32,
    // whether the row has a label, and the class whose logit it keeps
    kept: bool,
    label: u32,
    known: bool,
    shift: f32,
}

fn row_at(place: u32, factor: f32, is_class: bool) -> Row {
    var row = Row(place, false, 0u, !is_nan(factor), 0.0);
    if is_class {
        row.shift = bias_at(place);
        row.known = row.known & !is_nan(row.shift);
    }
    return row;
}

fn own_unlabelled(own: u32) -> Row {
    return row_at(own, factors[params.block.own_base + own], OTHER_SCORES);
}

fn other_row(other: u32) -> Row {
    return row_at(other, factors[params.block.other_base + other], !OTHER_SCORES);
}

fn pair_score(product: f32, own: Row, other: Row) -> f32 {
    let shift = own.shift + other.shift;
    // an infinite bias replaces the product, so that −∞ masks a class exactly
    let z = select((product_scale() * product) + shift, shift, is_infinite(shift));
    return select(nan(), z, own.known & other.known);
}
