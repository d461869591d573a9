// The pairs of an own row and another row: their scores, and whether they are similar.
// needs: lib/math lib/params scratch/factors
// slots: labels logit_bias logit_scale

// which pairs are similar: 0 none, 1 pairs with equal places, 2 pairs with equal labels, 3 pairs with equal places, while other
// pairs with equal labels are left out
override SIMILAR: u32 = 1u;
// whether the others are the batch that the rows come from: then no row is compared with itself
override ITSELF: bool = false;
// whether each pair has a loss of its own
override PAIRWISE: bool = false;

// What the score and the similarity of a row's pairs depend on: its place in the batch, its label, and whether it is finite.
struct Row {
    place: u32,
    low: u32,
    high: u32,
    known: bool,
    // score = scale·product + shift; only own rows have these
    scale: f32,
    shift: f32,
}

fn row_at(place: u32, factor: f32) -> Row {
    var row = Row(place, 0u, 0u, !is_nan(factor), 0.0, 0.0);
    if SIMILAR >= 2u {
        let label = target_label(place);
        row.low = label.low;
        row.high = label.high;
    }
    return row;
}

fn is_finite(x: f32) -> bool {
    return !is_nan(x) & !is_infinite(x);
}

fn own_row(own: u32) -> Row {
    var row = row_at(params.block.own_from + own, factors[params.block.own_base + own]);
    row.scale = product_scale();
    row.shift = score_shift();
    row.known = row.known & is_finite(row.scale) & is_finite(row.shift);
    return row;
}

fn other_row(other: u32) -> Row {
    return row_at(params.block.other_from + other, factors[params.block.other_base + other]);
}

fn equal_labels(own: Row, other: Row) -> bool {
    return (own.low == other.low) & (own.high == other.high);
}

// Whether two rows are not compared.
fn left_out(own: Row, other: Row) -> bool {
    if own.place == other.place {
        return ITSELF;
    }
    return (SIMILAR == 3u) & equal_labels(own, other);
}

fn similar(own: Row, other: Row) -> bool {
    if SIMILAR == 2u {
        return equal_labels(own, other);
    }
    return (SIMILAR != 0u) & (own.place == other.place);
}

fn pair_score(product: f32, own: Row, other: Row) -> f32 {
    return select(nan(), (own.scale * product) + own.shift, own.known & other.known);
}
