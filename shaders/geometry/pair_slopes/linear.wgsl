// The derivative of the loss with respect to a logit of a linear layer, from the record of the logit's row.
// needs: lib/params scratch/records geometry/label_margin
// slots: class_weight pairs softcap softmax_state

// The row needs no label, since its record has it.
fn own_row(own: u32) -> Row {
    return own_unlabelled(own);
}

fn own_record(own: u32) -> Record {
    return record_if(!OTHER_SCORES, params.block.own_base + own);
}

fn other_record(other: u32) -> Record {
    return record_if(OTHER_SCORES, params.block.other_base + other);
}

fn pair_slope(z: f32, own: Row, other: Row, of_own: Record, of_other: Record) -> f32 {
    var record = of_own;
    var class_place = other.place;
    if OTHER_SCORES {
        record = of_other;
        class_place = own.place;
    }
    if record.live == 0u {
        return 0.0;
    }
    if record.poison != 0u {
        return nan();
    }
    if record.place == class_place {
        return select(through_cap(record.hit, z), record.hit, LABEL_MARGIN);
    }
    let logit = capped(z);
    let share = spared_share(logit, record.share * class_weight_at(class_place));
    return through_cap(record_gain(record, logit) - share, z);
}
