// Adds up a chunk of positions for all classes at once, where they are few, and writes the sums of each class.
// needs: lib/params lib/tally geometry/region_quads geometry/region_sums
// slots: classes fused_loss logits region_observation
const BLOCKS: u32 = (CLASSES + 3u) / 4u;

var<private> kept_true_pos: array<f32, CLASSES>;
var<private> kept_false_pos: array<f32, CLASSES>;
var<private> kept_false_neg: array<f32, CLASSES>;
// the losses of a fused loss of elements, and the count of the values that they belong to
var<private> kept_losses: array<f32, CLASSES>;
var<private> kept_counts: array<f32, CLASSES>;
// for observations: how many positions are of a class by prediction and target, by prediction, and by target
var<private> kept_right: array<f32, CLASSES>;
var<private> kept_predicted: array<f32, CLASSES>;
var<private> kept_true: array<f32, CLASSES>;

fn sum_classes(begin: u32, end: u32, rounds: u32, workgroup: u32, lane: u32, tally: ptr<function, Tally>) {
    var nans = 0u;
    for (var round = 0u; round < rounds; round += 1u) {
        let position = begin + (4u * round * TEAM);
        if position < end {
            note_bad(position, end);
            let quad = quad_at(position, end);
            load_classes(quad.first.x);
            let pixels = fold_quad(quad, tally);
            // @unroll k CLASSES
            for (var k = classes_from(); k < classes_to(); k += 1u) {
                let x = logits_of(quad, k);
                let wanted = targets_of(quad, k);
                let sums = sums_of(quad, pixels, k, x, wanted);
                kept_true_pos[k] += sums.true_pos;
                kept_false_pos[k] += sums.false_pos;
                kept_false_neg[k] += sums.false_neg;
                nans |= sums.unknown << k;
                if OBSERVES {
                    let seen = observe_class(quad, pixels, round, k, x, wanted);
                    kept_right[k] += seen.x;
                    kept_predicted[k] += seen.y;
                    kept_true[k] += seen.z;
                }
                if SCORES_CLASSES {
                    let scored = score_class(quad, k, x, wanted, tally);
                    kept_losses[k] += scored.x;
                    kept_counts[k] += scored.y;
                }
            }
        }
    }
    // regroups by four classes, because a workgroup merges four at a time
    var true_pos: array<vec4<f32>, BLOCKS>;
    var false_pos: array<vec4<f32>, BLOCKS>;
    var false_neg: array<vec4<f32>, BLOCKS>;
    var losses: array<vec4<f32>, BLOCKS>;
    var counts: array<vec4<f32>, BLOCKS>;
    var right: array<vec4<f32>, BLOCKS>;
    var predicted: array<vec4<f32>, BLOCKS>;
    var true_class: array<vec4<f32>, BLOCKS>;
    // @unroll k CLASSES
    for (var k = classes_from(); k < classes_to(); k += 1u) {
        true_pos[k / 4u][k % 4u] = kept_true_pos[k];
        false_pos[k / 4u][k % 4u] = kept_false_pos[k];
        false_neg[k / 4u][k % 4u] = kept_false_neg[k];
        if SCORES_CLASSES {
            losses[k / 4u][k % 4u] = kept_losses[k];
            counts[k / 4u][k % 4u] = kept_counts[k];
        }
        if OBSERVES {
            right[k / 4u][k % 4u] = kept_right[k];
            predicted[k / 4u][k % 4u] = kept_predicted[k];
            true_class[k / 4u][k % 4u] = kept_true[k];
        }
    }
    let classes = params.classes;
    for (var block = 0u; block < classes; block += 4u) {
        merge_sums(block, true_pos[block / 4u], false_pos[block / 4u], false_neg[block / 4u], nans >> block, workgroup, lane);
        if OBSERVES {
            merge_counts(block, right[block / 4u], predicted[block / 4u], true_class[block / 4u], workgroup, lane);
        }
        if SCORES_CLASSES {
            merge_scores(losses[block / 4u], counts[block / 4u], lane, tally);
        }
    }
}
