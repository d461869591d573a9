// Adds up a chunk of positions for four classes at a time, after all softmaxes, and writes the sums of each class.
// needs: lib/component lib/params lib/tally geometry/region_quads geometry/region_sums
// slots: classes fused_loss region_observation softmaxes
fn sum_classes(begin: u32, end: u32, rounds: u32, workgroup: u32, lane: u32, tally: ptr<function, Tally>) {
    let first_block = params.block.other_first;
    let end_block = params.block.other_end;
    if FOLDS {
        for (var round = 0u; round < rounds; round += 1u) {
            let position = begin + (4u * round * TEAM);
            if position < end {
                note_bad(position, end);
                fold_quad(quad_at(position, end), tally);
            }
        }
    }
    if SUMS {
        for (var block = first_block; block < end_block; block += 4u) {
            var true_pos = vec4<f32>(0.0);
            var false_pos = vec4<f32>(0.0);
            var false_neg = vec4<f32>(0.0);
            var nans = 0u;
            var losses = vec4<f32>(0.0);
            var counts = vec4<f32>(0.0);
            // for each of four classes, how many positions are of it by prediction and target, by prediction, and by target
            var right = vec4<f32>(0.0);
            var predicted = vec4<f32>(0.0);
            var true_class = vec4<f32>(0.0);
            for (var round = 0u; round < rounds; round += 1u) {
                let position = begin + (4u * round * TEAM);
                if position < end {
                    let quad = quad_at(position, end);
                    let softmaxes = softmaxes_at(quad.at);
                    for (var k = 0u; k < min(4u, classes_to() - block); k += 1u) {
                        let x = logits_of(quad, block + k);
                        let wanted = targets_of(quad, block + k);
                        let sums = sums_of(quad, softmaxes, block + k, x, wanted);
                        true_pos += with_float_at(vec4<f32>(0.0), k, sums.true_pos);
                        false_pos += with_float_at(vec4<f32>(0.0), k, sums.false_pos);
                        false_neg += with_float_at(vec4<f32>(0.0), k, sums.false_neg);
                        nans |= sums.unknown << k;
                        if OBSERVES {
                            let seen = observe_class(quad, softmaxes, round, block + k, x, wanted);
                            right += with_float_at(vec4<f32>(0.0), k, seen.x);
                            predicted += with_float_at(vec4<f32>(0.0), k, seen.y);
                            true_class += with_float_at(vec4<f32>(0.0), k, seen.z);
                        }
                        if SCORES_CLASSES {
                            let scored = score_class(quad, block + k, x, wanted, tally);
                            losses += with_float_at(vec4<f32>(0.0), k, scored.x);
                            counts += with_float_at(vec4<f32>(0.0), k, scored.y);
                        }
                    }
                }
            }
            merge_sums(block, true_pos, false_pos, false_neg, nans, workgroup, lane);
            if OBSERVES {
                merge_counts(block, right, predicted, true_class, workgroup, lane);
            }
            if SCORES_CLASSES {
                merge_scores(losses, counts, lane, tally);
            }
        }
    }
}
