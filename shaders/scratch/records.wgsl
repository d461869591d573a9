// What the derivative of a row's loss with respect to its scores takes, all that scales it multiplied in.
// needs: lib/math
struct Record {
    // p·gain, p being exp(score − peak), less what a share is: of every score, or of those that belong together with the row
    peak: f32,
    gain: f32,
    share: f32,
    // the whole derivative at the one that stands out, and which that is
    hit: f32,
    place: u32,
    // the factor of the derivatives of pairs by themselves
    scale: f32,
    // whether the row takes part, and whether its loss is unknown
    live: u32,
    poison: u32,
}

@group(0) @binding(16) var<storage, read_write> records: array<Record>;

fn record_gain(record: Record, z: f32) -> f32 {
    if is_infinite(z) {
        return 0.0;
    }
    return record.gain * exp_negative(record.peak - z);
}
