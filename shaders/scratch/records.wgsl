// Records: for each row, what the derivatives of its loss with respect to its scores need, with all scales multiplied in.
// needs: lib/math
struct Record {
    // the derivative is gain·exp(score − peak) − share; the share counts for every score if others are classes, else only
    // for similar others
    peak: f32,
    gain: f32,
    share: f32,
    // the derivative at the label's class, if others are classes; else at the row's only similar other. `place` is the label's
    // class, or it is 1 if the row has exactly one similar other
    hit: f32,
    place: u32,
    // the factor of a pair's derivative, if each pair has a loss of its own
    scale: f32,
    // whether the row takes part, and whether its loss is NaN
    live: u32,
    poison: u32,
}

@group(0) @binding(16) var<storage, read_write> records: array<Record>;

// The record of a row; if its loss does not count here, an empty record, whose derivatives are 0.
fn record_if(scores: bool, row: u32) -> Record {
    var record: Record;
    if scores {
        record = records[row];
    }
    return record;
}

fn record_gain(record: Record, z: f32) -> f32 {
    if is_infinite(z) {
        return 0.0;
    }
    return record.gain * exp_negative(record.peak - z);
}
