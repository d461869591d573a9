// The derivative of the loss with respect to a score of two rows, from the records of both.
// needs: lib/math lib/params scratch/records
// slots: pair_loss pairs

// whether a score counts in the loss of the own row, and in the loss of the other
override OWN_SCORES: bool = true;
override OTHER_SCORES: bool = false;

fn record_slope(record: Record, z: f32, together: bool) -> f32 {
    if PAIRWISE {
        return select(0.0, record.scale * similarity_pair(z, together).d, record.live != 0u);
    }
    if record.live == 0u {
        return 0.0;
    }
    if record.poison != 0u {
        return nan();
    }
    if together & (record.place == 1u) {
        return record.hit;
    }
    return record_gain(record, z) - select(0.0, record.share, together);
}

fn own_record(own: u32) -> Record {
    return record_if(OWN_SCORES, params.block.own_base + own);
}

fn other_record(other: u32) -> Record {
    return record_if(OTHER_SCORES, params.block.other_base + other);
}

fn pair_slope(z: f32, own: Row, other: Row, of_own: Record, of_other: Record) -> f32 {
    if left_out(own, other) {
        return 0.0;
    }
    let together = similar(own, other);
    let a = record_slope(of_own, z, together);
    let b = record_slope(of_other, z, together);
    // a score that is NaN has made the records of its rows NaN already, unless each pair has a loss of its own
    return select(a + b, nan(), is_nan(a) | is_nan(b) | (PAIRWISE & is_nan(z)));
}
