// The sums of a class: adds positions to them, merges those of a workgroup, and writes them.
// needs: lib/component lib/math lib/params lib/tally scratch/sums geometry/places geometry/region geometry/region_quads
// slots: activation class_mask classes count labels quad_factors
// three vectors of each lane, which the workgroup adds up
var<workgroup> lanes_a: array<vec4<f32>, 256>;
var<workgroup> lanes_b: array<vec4<f32>, 256>;
var<workgroup> lanes_c: array<vec4<f32>, 256>;
// a bit for each of four classes, set if the class has met a NaN; and the position of the first label out of range
var<workgroup> unknown: atomic<u32>;
var<workgroup> first_bad: atomic<u32>;

// what this dispatch does: both, or one after the other if classes are walked in ranges; FOLDS makes the softmaxes and
// checks labels, SUMS makes the sums
override FOLDS: bool = true;
override SUMS: bool = true;
// how many lanes walk a contiguous range of a chunk together
override TEAM: u32 = 256u;

fn note_bad(position: u32, end: u32) {
    if LABELLED {
        for (var j = 0u; j < min(4u, end - position); j += 1u) {
            if target_label(position + j).bad {
                atomicMin(&first_bad, position + j);
            }
        }
    }
}

// The sums of a class over four positions.
struct Four {
    true_pos: f32,
    false_pos: f32,
    false_neg: f32,
    unknown: u32,
}

fn sum_of(four: vec4<f32>) -> f32 {
    return (four.x + four.y) + (four.z + four.w);
}

fn sums_of(quad: Quad, at: Softmaxes, k: u32, x: vec4<f32>, wanted: vec4<f32>) -> Four {
    let none = vec4<f32>(0.0);
    let probable = probabilities(x, at);
    let nans = are_nan(probable.p) | are_nan(wanted);
    // a NaN, or a position that takes no part, adds nothing
    let kept = kept_in_class(quad, k);
    let known = kept & !nans;
    let p = select(none, probable.p, known);
    let q = select(none, probable.q, known);
    let t = select(none, wanted, known);
    var true_pos = t * p;
    var false_pos = (vec4<f32>(1.0) - t) * p;
    var false_neg = q * t;
    if SQUARED {
        let wrong = wrong_by(p, q, t);
        // the square of a small error could be 0 in f32, and a region with nothing but such errors would have no ratio
        let small = (abs(wrong) < vec4<f32>(1.6e-19)) & (wrong != none);
        false_pos = select(wrong * wrong, vec4<f32>(2.6e-38), small);
        false_neg = none;
    }
    if SOFT {
        let above = wrong_by(p, q, t);
        true_pos = select(p, t, above > none);
        false_pos = max(above, none);
        false_neg = max(-above, none);
    }
    true_pos = by_factors(quad.factors, true_pos, kept);
    false_pos = by_factors(quad.factors, false_pos, kept);
    false_neg = by_factors(quad.factors, false_neg, kept);
    let unknown = nans | unknown_by_factors(true_pos, false_pos, false_neg);
    return Four(sum_of(true_pos), sum_of(false_pos), sum_of(false_neg), select(0u, 1u, any(kept & unknown)));
}

// Writes the workgroup's sums of four classes.
fn merge_sums(block: u32, true_pos: vec4<f32>, false_pos: vec4<f32>, false_neg: vec4<f32>, nans: u32, workgroup: u32, lane: u32) {
    if lane == 0u {
        atomicStore(&unknown, 0u);
    }
    var sums = of_workgroup(true_pos, false_pos, false_neg, nans, lane);
    if writes_class(block, workgroup, lane) {
        sums.w = select(0.0, 1.0, ((atomicLoad(&unknown) >> lane) & 1u) != 0u);
        region_sums[(workgroup * params.classes) + block + lane] = sums;
    }
    workgroupBarrier();
}

// Writes the workgroup's counts of four classes, for observations.
fn merge_counts(block: u32, right: vec4<f32>, predicted: vec4<f32>, true_class: vec4<f32>, workgroup: u32, lane: u32) {
    let counts = of_workgroup(right, predicted, true_class, 0u, lane);
    if writes_class(block, workgroup, lane) {
        region_sums[counts_at(workgroup, block + lane)] = counts;
    }
    workgroupBarrier();
}

fn writes_class(block: u32, workgroup: u32, lane: u32) -> bool {
    return (workgroup < params.items * params.chunks) & (lane < 4u) & (block + lane < classes_to());
}

// Sums three numbers of four classes over the workgroup. Each of the first four lanes gets the three sums of one class. Sixteen
// lanes sum first, since a barrier costs more than fifteen additions.
fn of_workgroup(true_pos: vec4<f32>, false_pos: vec4<f32>, false_neg: vec4<f32>, nans: u32, lane: u32) -> vec4<f32> {
    lanes_a[lane] = true_pos;
    lanes_b[lane] = false_pos;
    lanes_c[lane] = false_neg;
    workgroupBarrier();
    if nans != 0u {
        atomicOr(&unknown, nans);
    }
    if lane < 16u {
        // the loop has the same number of turns for every lane, so that compilers unroll it: this function is called once for
        // every four classes, of which there may be very many
        for (var i = 1u; i < 16u; i += 1u) {
            lanes_a[lane] += lanes_a[lane + (16u * i)];
            lanes_b[lane] += lanes_b[lane + (16u * i)];
            lanes_c[lane] += lanes_c[lane + (16u * i)];
        }
    }
    workgroupBarrier();
    var sums = vec4<f32>(0.0);
    if lane < 4u {
        for (var i = 0u; i < 16u; i += 1u) {
            sums += vec4<f32>(float_at(lanes_a[i], lane), float_at(lanes_b[i], lane), float_at(lanes_c[i], lane), 0.0);
        }
    }
    return sums;
}

// Adds a class's loss to a tally. There may be thousands of classes, so `extra` holds the rounding error of the sum so far,
// which is subtracted from the next loss (Kahan's sum).
fn add_score(tally: ptr<function, Tally>, score: f32) {
    let own = score - (*tally).extra;
    let sum = (*tally).sum + own;
    let rounding = (sum - (*tally).sum) - own;
    // the rounding error of an infinite sum would be NaN
    (*tally).extra = select(rounding, 0.0, is_infinite(sum) | is_nan(rounding));
    (*tally).sum = sum;
}

// Adds the losses and the counts of four classes to the tally of lane 0. It adds class by class, so that ranges of classes
// change no bit.
fn merge_scores(losses: vec4<f32>, counts: vec4<f32>, lane: u32, tally: ptr<function, Tally>) {
    lanes_a[lane] = losses;
    lanes_b[lane] = counts;
    workgroupBarrier();
    if lane < 16u {
        for (var i = 1u; i < 16u; i += 1u) {
            lanes_a[lane] += lanes_a[lane + (16u * i)];
            lanes_b[lane] += lanes_b[lane + (16u * i)];
        }
    }
    workgroupBarrier();
    if lane == 0u {
        var loss = vec4<f32>(0.0);
        var count = vec4<f32>(0.0);
        for (var i = 0u; i < 16u; i += 1u) {
            loss += lanes_a[i];
            count += lanes_b[i];
        }
        for (var k = 0u; k < 4u; k += 1u) {
            add_score(tally, float_at(loss, k));
            (*tally).count += Count(float_at(count, k));
        }
    }
    workgroupBarrier();
}
