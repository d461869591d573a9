//! Operands that are refused: missing, unknown, of a wrong dtype or shape, or holding a label out of range.

use super::{check, floats, ints};
use crate::harness::tests;
use libtest_mimic::Trial;
use wgloss::{
    Activation, Array, CrossEntropy, Dice, Diffusion, Distillation, Extra, InfoNce, KlPenalty, LinearCrossEntropy,
    LinearDistillation, LinearDpo, MsSsim, Mse, MultiMargin, PpoKind, PpoPolicy, Reduction, Siglip, SoftmaxFocal, Ssim,
    SupCon, Term, TotalVariation, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        operands_that_are_missing_unknown_or_given_twice,
        dtypes_that_an_operand_cannot_have,
        shapes_that_do_not_fit,
        labels_out_of_range,
        shards_beyond_their_batch,
    ]
}

fn operands_that_are_missing_unknown_or_given_twice() {
    let x = floats(&[2, 3]);
    let t = ints(&[0, 1], &[2]);
    check([
        ("missing", Term::new(Mse::default(), [("input", &x)]), "invalid_operand", &["mse", "target", "missing"][..]),
        ("none at all", Term::new(Mse::default(), []), "invalid_operand", &["mse", "input", "missing"]),
        (
            "unknown",
            CrossEntropy::default().of(&x, &t).with(Extra::Alpha, &x),
            "invalid_operand",
            &["cross_entropy", "alpha", "not one"],
        ),
        (
            "twice",
            Mse::default().of(&x, &x).with(Extra::Weight, &x).with(Extra::Weight, &x),
            "invalid_operand",
            &["mse", "weight", "twice"],
        ),
    ]);
    let stranger = floats(&[2, 3]);
    let term = CrossEntropy::default().of(&x, &t);
    for (of, operand, reason) in [(&t, "target", "no gradient"), (&stranger, "`of[0]`", "not among the operands")] {
        let error = cpu::gradients(&term, [of]).unwrap_err();
        assert_eq!(error.kind(), "invalid_operand");
        for piece in ["cross_entropy", operand, reason] {
            assert!(error.to_string().contains(piece), "{error} lacks {piece}");
        }
    }
}

fn dtypes_that_an_operand_cannot_have() {
    let (x, i, f) = (floats(&[2, 3]), ints(&[0; 6], &[2, 3]), floats(&[2]));
    let t = ints(&[0, 1], &[2]);
    let weights = ints(&[1, 1, 1], &[3]);
    check([
        (
            "an integer prediction",
            Mse::default().of(&i, &x),
            "unsupported_dtype",
            &["mse", "input", "i32", "floats"][..],
        ),
        (
            "float labels",
            SoftmaxFocal::default().of(&x, &f),
            "unsupported_dtype",
            &["softmax_focal", "target", "f32", "integers"],
        ),
        (
            "labels where a teacher is asked about each class",
            Distillation::default().of(&x, &i),
            "unsupported_dtype",
            &["distillation", "teacher", "i32", "floats"],
        ),
        (
            "integer weights",
            CrossEntropy::default().of(&x, &t).with(Extra::Weight, &weights),
            "unsupported_dtype",
            &["weight", "i32", "floats"],
        ),
        (
            "float indices",
            Diffusion::default().of(&x, &x, &f, &floats(&[4])),
            "unsupported_dtype",
            &["diffusion", "timesteps", "f32", "integers"],
        ),
        (
            "an integer table",
            Diffusion::default().of(&x, &x, &t, &ints(&[1], &[1])),
            "unsupported_dtype",
            &["alphas_cumprod", "i32", "floats"],
        ),
        (
            "an integer upstream",
            CrossEntropy::default().of(&x, &t).upstream(&ints(&[1], &[1])),
            "unsupported_dtype",
            &["upstream", "i32", "floats"],
        ),
        (
            "an integer divisor",
            CrossEntropy::default().of(&x, &t).divide_by(&ints(&[1], &[1])),
            "unsupported_dtype",
            &["divide_by", "i32", "floats"],
        ),
    ]);
}

fn shapes_that_do_not_fit() {
    let x = floats(&[2, 3, 4]);
    let t = ints(&[0; 8], &[2, 4]);
    let ce = || CrossEntropy::default().of(&x, &t);
    let index = ints(&[0, 1], &[2]);
    let rows = floats(&[2, 3]);
    let diffusion = |index: &Array, table: &Array| Diffusion::default().of(&x, &x, index, table);
    let mismatch = "shape_mismatch";
    check([
        ("a target", Mse::default().of(&x, &floats(&[2, 3])), mismatch, &["mse", "target", "[2, 3]", "[2, 3, 4]"][..]),
        (
            "labels",
            CrossEntropy::default().of(&x, &ints(&[0; 6], &[2, 3])),
            mismatch,
            &["cross_entropy", "target", "[2, 3]", "[2, 4]"],
        ),
        (
            "labels, the class axis last",
            CrossEntropy::default().of(&x.clone().class_axis_last(), &t),
            mismatch,
            &["target", "[2, 4]", "[2, 3]"],
        ),
        (
            "probabilities",
            CrossEntropy::default().of(&x, &floats(&[2, 4])),
            mismatch,
            &["target", "[2, 4]", "[2, 3, 4]"],
        ),
        (
            "a teacher",
            Distillation::default().of(&x, &floats(&[2, 4])),
            mismatch,
            &["distillation", "teacher", "[2, 4]", "[2, 3, 4]"],
        ),
        (
            "a teacher's layer of other classes",
            LinearDistillation::default().of(&floats(&[2, 4]), &floats(&[3, 4]), &floats(&[2, 5]), &floats(&[4, 5])),
            mismatch,
            &["linear_distillation", "teacher_weight", "[4, 5]", "[3, 5]"],
        ),
        (
            "a teacher's layer of another width",
            LinearDistillation::default().of(&floats(&[2, 4]), &floats(&[3, 4]), &floats(&[2, 5]), &floats(&[3, 4])),
            mismatch,
            &["linear_distillation", "teacher_weight", "[3, 4]", "[3, 5]"],
        ),
        ("class weights", ce().with(Extra::Weight, &floats(&[4])), mismatch, &["weight", "[4]", "[3]"]),
        ("a mask", ce().with(Extra::Mask, &x), mismatch, &["mask", "[2, 3, 4]", "[2, 4]"]),
        (
            "a class weight of a region",
            Dice::default().of(&x, &t).with(Extra::Weight, &floats(&[2])),
            mismatch,
            &["dice", "weight", "[2]", "[3]"],
        ),
        (
            "no class axis",
            CrossEntropy::default().of(&floats(&[2]), &ints(&[0, 0], &[2])),
            mismatch,
            &["input", "[2]", "[N, C, ...]"],
        ),
        (
            "no classes",
            CrossEntropy::default().of(&floats(&[2, 0]), &ints(&[0, 0], &[2])),
            mismatch,
            &["input", "[2, 0]", "at least one class"],
        ),
        (
            "indices",
            diffusion(&ints(&[0; 3], &[3]), &floats(&[4])),
            mismatch,
            &["diffusion", "timesteps", "[3]", "[2]"],
        ),
        ("a table", diffusion(&index, &floats(&[4, 1])), mismatch, &["alphas_cumprod", "[4, 1]", "[T]"]),
        (
            "pictures of three axes",
            TotalVariation::default().of(&x),
            mismatch,
            &["total_variation", "input", "[2, 3, 4]", "[N, C, H, W]"],
        ),
        (
            "pictures smaller than a window",
            Ssim::default().of(&floats(&[1, 1, 10, 20]), &floats(&[1, 1, 10, 20])),
            mismatch,
            &["ssim", "input", "[1, 1, 10, 20]", "at least 11"],
        ),
        (
            "pictures smaller than a window of their last level",
            MsSsim::new().window(3).of(&floats(&[1, 1, 32, 40]), &floats(&[1, 1, 32, 40])),
            mismatch,
            &["ms_ssim", "input", "[1, 1, 32, 40]", "at least 33"],
        ),
        (
            "another picture's shape",
            Ssim::new().window(1).of(&floats(&[1, 1, 2, 2]), &floats(&[1, 1, 2, 3])),
            mismatch,
            &["ssim", "target", "[1, 1, 2, 3]", "[1, 1, 2, 2]"],
        ),
        (
            "sequences of one axis",
            PpoPolicy::new().kind(PpoKind::Sequence).of(&floats(&[2]), &floats(&[2]), &floats(&[2])),
            mismatch,
            &["ppo_policy", "log_probs", "[2]", "[B, T]", "whole sequences"],
        ),
        (
            "a mean over sequences of three axes",
            KlPenalty::default().of(&x, &x).reduce(Reduction::SequenceMean),
            mismatch,
            &["kl_penalty", "log_probs", "[2, 3, 4]", "[B, T]", "sequence_mean"],
        ),
        ("rows of three axes", InfoNce::default().of(&x, &x), mismatch, &["info_nce", "query", "[2, 3, 4]", "[N, D]"]),
        (
            "more rows of another width",
            InfoNce::default().of(&rows, &rows).with(Extra::Negatives, &floats(&[7, 4])),
            mismatch,
            &["negatives", "[7, 4]", "[M, 3]"],
        ),
        (
            "a projection of another width",
            LinearCrossEntropy::default().of(&rows, &floats(&[7, 4]), &index),
            mismatch,
            &["linear_cross_entropy", "weight", "[7, 4]", "[V, 3]"],
        ),
        (
            "a projection to no class",
            LinearCrossEntropy::default().of(&rows, &floats(&[0, 3]), &index),
            mismatch,
            &["weight", "[0, 3]", "at least one class"],
        ),
        (
            "a bias of other classes",
            LinearCrossEntropy::default().of(&rows, &floats(&[7, 3]), &index).with(Extra::Bias, &floats(&[6])),
            mismatch,
            &["bias", "[6]", "[7]"],
        ),
        (
            "references that are no pairs",
            LinearDpo::default().of(&rows, &floats(&[7, 3]), &index, &index, &floats(&[3])),
            mismatch,
            &["linear_dpo", "reference", "[3]", "[2·B], two for each of B pairs"],
        ),
        (
            "a segment too few",
            LinearDpo::default().of(&rows, &floats(&[7, 3]), &index, &ints(&[0], &[1]), &floats(&[2])),
            mismatch,
            &["linear_dpo", "segments", "[1]", "[2]"],
        ),
        (
            "a mask of tokens",
            LinearDpo::default()
                .of(&rows, &floats(&[7, 3]), &index, &index, &floats(&[2]))
                .with(Extra::Mask, &floats(&[2])),
            mismatch,
            &["linear_dpo", "mask", "[2]", "[1]"],
        ),
        (
            "a label too few",
            SupCon::default().of(&rows, &ints(&[0], &[1])),
            mismatch,
            &["sup_con", "labels", "[1]", "[2]"],
        ),
        ("an upstream of a mean", ce().upstream(&floats(&[2, 4])), mismatch, &["upstream", "[2, 4]", "one element"]),
        (
            "an upstream not reduced",
            ce().reduce(Reduction::None).upstream(&floats(&[1])),
            mismatch,
            &["upstream", "[1]", "[2, 4]"],
        ),
        ("a divisor", ce().divide_by(&floats(&[2])), mismatch, &["divide_by", "[2]", "one element"]),
    ]);
    let error = Array::new(&[1.0f32; 5], [2, 3]).unwrap_err();
    assert_eq!(error.kind(), mismatch);
    assert!(error.to_string().contains("[2, 3]") && error.to_string().contains('5'), "{error}");
    let error = Array::new(&[1.0f32], [usize::MAX, 2]).unwrap_err();
    assert_eq!(error.kind(), mismatch, "a shape whose elements no number counts");
}

fn labels_out_of_range() {
    let x = floats(&[2, 3]);
    let ce = CrossEntropy::default;
    let bad = "label_out_of_range";
    let one = Dice { activation: Activation::Sigmoid, ..Default::default() };
    let ignoring = CrossEntropy { ignore_index: 255, ..Default::default() };
    check([
        (
            "above",
            ce().of(&x, &ints(&[0, 3], &[2])),
            bad,
            &["cross_entropy", "target", "holds 3", "position 1", "0..3"][..],
        ),
        ("below", ce().of(&x, &ints(&[-1, 3], &[2])), bad, &["holds -1", "position 0", "0..3"]),
        ("ignored by another", ignoring.of(&x, &ints(&[255, -100], &[2])), bad, &["holds -100", "position 1"]),
        ("bytes", ce().of(&x, &Array::new(&[0u8, 255], [2]).unwrap()), bad, &["holds 255", "position 1"]),
        ("unsigned", ce().of(&x, &Array::new(&[u32::MAX, 0], [2]).unwrap()), bad, &["holds 4294967295", "position 0"]),
        (
            "64 bits",
            ce().of(&x, &Array::new(&[0, 1i64 << 40], [2]).unwrap()),
            bad,
            &["holds 1099511627776", "position 1"],
        ),
        // the low 32 bits of this label are 0
        (
            "64 bits that end in 0",
            SoftmaxFocal::default().of(&x, &Array::new(&[1i64 << 32, 0], [2]).unwrap()),
            bad,
            &["softmax_focal", "holds 4294967296"],
        ),
        (
            "one that nothing ignores",
            MultiMargin::default().of(&x, &ints(&[0, -100], &[2])),
            bad,
            &["multi_margin", "target", "holds -100", "position 1", "0..3"],
        ),
        ("a region", Dice::default().of(&x, &ints(&[0, 3], &[2])), bad, &["dice", "target", "holds 3", "0..3"]),
        (
            "one channel",
            one.of(&floats(&[2, 1]), &ints(&[1, 2], &[2])),
            bad,
            &["dice", "holds 2", "position 1", "0..2"],
        ),
        ("a region ignores nothing", Dice::default().of(&x, &ints(&[0, -100], &[2])), bad, &["holds -100"]),
        (
            "a timestep",
            Diffusion::default().of(&x, &x, &ints(&[0, 4], &[2]), &floats(&[4])),
            bad,
            &["diffusion", "timesteps", "holds 4", "position 1", "0..4"],
        ),
        (
            "a timestep of no table",
            Diffusion::default().of(&x, &x, &ints(&[0, 0], &[2]), &floats(&[0])),
            bad,
            &["0..0"],
        ),
        (
            "a masked one",
            ce().of(&x, &ints(&[0, 7], &[2])).with(Extra::Mask, &Array::new(&[1.0f32, 0.0], [2]).unwrap()),
            bad,
            &["holds 7", "position 1"],
        ),
    ]);
}

fn shards_beyond_their_batch() {
    let (x, all, one) = (floats(&[4, 3]), floats(&[9, 3]), floats(&[1]));
    let nce = |keys: &Array| InfoNce::default().of(&x, keys);
    let siglip = |texts: &Array| Siglip::default().of(&x, texts, &one, &one);
    let sup_con = |anchors: &Array| SupCon::default().of(&all, &ints(&[0; 9], &[9])).with(Extra::Anchors, anchors);
    let mismatch = "shape_mismatch";
    check([
        ("info_nce", nce(&all).rows_from(6), mismatch, &["info_nce", "`key`", "[9, 3]", "[N, 3] with 6 + 4 ≤ N"][..]),
        ("siglip", siglip(&all).rows_from(6), mismatch, &["siglip", "`text`", "[9, 3]", "[N, 3] with 6 + 4 ≤ N"]),
        ("sup_con", sup_con(&x).rows_from(6), mismatch, &["sup_con", "`anchors`", "[4, 3]", "6 + n ≤ 9"]),
        ("a place that no number holds", nce(&all).rows_from(usize::MAX), mismatch, &["`key`", "[9, 3]"]),
        ("more anchors than features", sup_con(&floats(&[10, 3])), mismatch, &["`anchors`", "[10, 3]", "0 + n ≤ 9"]),
        ("wider keys", nce(&floats(&[9, 4])).rows_from(0), mismatch, &["`key`", "[9, 4]", "[N, 3]"]),
        ("wider anchors", sup_con(&floats(&[4, 2])), mismatch, &["`anchors`", "[4, 2]", "[n, 3]"]),
        ("anchors of no axis", sup_con(&floats(&[])), mismatch, &["`anchors`", "[]", "[n, 3]"]),
        ("more keys than queries, no shard", nce(&all), mismatch, &["info_nce", "`key`", "[9, 3]", "[4, 3]"]),
        ("more texts than images, no shard", siglip(&all), mismatch, &["siglip", "`text`", "[9, 3]", "[4, 3]"]),
        (
            "negatives of another width",
            nce(&all).with(Extra::Negatives, &floats(&[5, 4])).rows_from(1),
            mismatch,
            &["`negatives`", "[5, 4]", "[M, 3]"],
        ),
        (
            "an upstream for all keys",
            nce(&all).rows_from(1).reduce(Reduction::None).upstream(&floats(&[9])),
            mismatch,
            &["upstream", "[9]", "[4]"],
        ),
    ]);
    for last in [nce(&all).rows_from(5), siglip(&all).rows_from(5), sup_con(&x).rows_from(5)] {
        assert!(cpu::value(&last).is_ok(), "the last rows are a shard");
    }
}
