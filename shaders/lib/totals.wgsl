// Merges the tallies of a part, and computes its denominators.
// needs: lib/params lib/tally lib/workspace
// slots: divisor faults

// The sum's denominator: 0 a number, 1 the weights, 2 the count, 3 the first element of the caller's tensor, 4 this sum's
// element of that tensor.
override DIVISOR: u32 = 0u;

// Which loss of the walk the totals are of: 0 the only one, 1 the one that has a fused loss beside it, 2 the fused loss.
override WALK_LOSS: u32 = 0u;

// Whether a mean over nothing is 0 rather than NaN.
override EMPTY_IS_ZERO: bool = false;

fn tally_all(begin: u32, end: u32, lane: u32) -> Tally {
    var tally = tally_none();
    for (var i = begin + lane; i < end; i += 1024u) {
        // merges four first, so that the long sum has fewer steps
        var few = workspace.tallies[i];
        for (var k = 1u; k < 4u; k += 1u) {
            if i + (256u * k) < end {
                few = tally_merge(few, workspace.tallies[i + (256u * k)]);
            }
        }
        tally = tally_merge(tally, few);
    }
    return tally_workgroup(with_faults(tally, lane), lane);
}

// The denominators of the loss and of the extra loss.
fn denominators(total: Tally) -> vec2<f32> {
    let count = f32(total.count);
    let number = select(params.divisor, params.fused_divisor, WALK_LOSS == 2u);
    switch DIVISOR {
        case 1u: {
            return vec2<f32>(total.weight, count);
        }
        case 2u: {
            // the number is what each counted value adds to the denominator
            return vec2<f32>(count * number);
        }
        case 3u: {
            return vec2<f32>(divisor_at(0u));
        }
        case 4u: {
            // the elements lie in the order of the part's entries: the loss, then the fused loss if there is one, then the extra
            // loss if there is one; it belongs to the loss before it
            let first = select(0u, 1u, WALK_LOSS == 2u);
            return vec2<f32>(divisor_at(first), divisor_at(first + min(params.has_extra, 1u)));
        }
        default: {
            return vec2<f32>(number);
        }
    }
}
