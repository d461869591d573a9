// Merges the tallies of a part, stores its sums and denominators in the outcome, and adds its loss to the term's.
// needs: lib/math lib/params lib/tally lib/totals geometry/outcome
// slots: part_sums

const IS_NUMBER: u32 = 0x40000000u;

@group(0) @binding(21) var<storage, read_write> loss_out: array<f32>;

// a/b; for b = 0 the mean over nothing.
fn mean_of(a: f32, b: f32) -> f32 {
    if b == 0.0 {
        return select(nan(), 0.0, EMPTY_IS_ZERO);
    }
    return a / b;
}

@compute @workgroup_size(256)
fn totals_outcome(@builtin(local_invocation_index) lane: u32) {
    // the first stage tallies the fused loss, the second stage the loss that it is fused with
    let begin = select(0u, params.first_tally, WALK_LOSS == 1u);
    let end = select(params.tallies, params.first_tally, WALK_LOSS == 2u);
    let total = tally_all(begin, end, lane);
    if lane != 0u {
        return;
    }
    let denominator = denominators(total);
    let weight = select(params.weight, params.fused_weight, WALK_LOSS == 2u);
    var part = PartOutcome(total.sum, total.extra, denominator.x, denominator.y, weight);
    // Of two losses of a walk only the fused one may have an extra loss. Without an extra loss its denominator means nothing: it
    // may be 0 or NaN where the loss's own is not.
    let has_extra = (WALK_LOSS != 1u) & (params.has_extra != 0u);
    // an option or a coefficient out of range makes everything that depends on it NaN
    let is_bad_number = params.bad_number != 0u;
    let extra = select(0.0, mean_of(part.extra, part.extra_denominator), has_extra);
    var loss = weight * (mean_of(part.sum, part.denominator) + extra);
    let is_empty = !EMPTY_IS_ZERO & ((denominator.x == 0.0) | (has_extra & (denominator.y == 0.0)));
    // a sum of infinities of both signs is NaN, whatever its denominator is
    let is_unknown = is_nan(part.sum) | is_nan(denominator.x) | (has_extra & (is_nan(part.extra) | is_nan(denominator.y)));
    if (total.poison != 0u) | is_unknown | is_empty | is_bad_number {
        loss = nan();
    }
    if (total.poison != 0u) | is_bad_number {
        part.sum = nan();
        part.extra = nan();
    }
    let row = params.first_outcome_row + select(0u, 1u, WALK_LOSS == 2u);
    if row > 0u {
        let before = outcome.loss;
        loss = select(before + loss, nan(), is_nan(before) | is_nan(loss));
    }
    var bad = vec4<u32>(row, total.bad_position, total.bad_low, total.bad_high);
    if is_bad_number {
        bad = vec4<u32>(row | IS_NUMBER, params.bad_number - 1u, params.bad_bits, 0u);
    }
    let is_bad = is_bad_number | (total.bad_position != NO_POSITION);
    if (row == 0u) | (outcome.bad_part == NO_POSITION) {
        outcome.bad_part = select(NO_POSITION, bad.x, is_bad);
        outcome.bad_position = bad.y;
        outcome.bad_low = bad.z;
        outcome.bad_high = bad.w;
    }
    if (outcome.first_part == 0u) & is_bad {
        outcome.first_part = bad.x + 1u;
        outcome.first_position = bad.y;
        outcome.first_low = bad.z;
        outcome.first_high = bad.w;
    }
    let is_last = row + 1u == params.outcome_rows;
    // a run has finished once its last part has
    outcome.runs += select(0u, 1u, is_last);
    outcome.parts[row] = part;
    outcome.loss = loss;
    let entry = params.first_sums_entry + select(0u, 1u, WALK_LOSS == 2u);
    store_part_sums(entry, part.sum, part.denominator, weight);
    if has_extra {
        store_part_sums(entry + 1u, part.extra, part.extra_denominator, weight);
    }
    // a slot that the GPU counts up may reach the end of the caller's tensor: `geometry/number` then writes NO_POSITION
    if is_last & (params.loss_slot != NO_POSITION) {
        loss_out[params.loss_slot + base(21u)] = loss;
    }
}
