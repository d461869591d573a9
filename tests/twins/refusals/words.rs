//! The text of refusals, word for word: common mistakes in calls, and their messages.

use super::{floats, ints};
use crate::harness::tests;
use libtest_mimic::Trial;
use wgloss::{
    Activation, AdversarialDiscriminator, Anchors, Array, BoxIou, BoxRegression, Classification, CrossEntropy,
    Detection, Dice, DiceCrossEntropy, Diffusion, Extra, GeneralizedDice, GramStyle, InfoNce, Mse, MultiMargin, Nll,
    Rlhf, Rollout, Siglip, SoftmaxFocal, SupCon, Term, TripletHard, Vae, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        labels_out_of_range_name_the_ignore_index_where_there_is_one,
        a_target_that_does_not_fit_is_told_how_it_was_read,
        more_keys_than_queries_are_told_where_they_go,
        triplets_of_a_batch_need_a_label_a_row_and_anchors_of_the_batch,
        operands_of_one_batch_have_one_batch,
        what_is_too_large_for_any_device_is_told_with_its_own_number,
        a_gradient_of_a_stranger_is_told_by_its_place,
    ]
}

fn check(rows: &[(Term<Array>, &str)]) {
    let wrong = |(term, want): &(Term<Array>, &str)| match cpu::value(term) {
        Ok(outcome) => Some(format!("not refused, but {:?}: {want}", outcome.tensor())),
        Err(error) => (error.to_string() != *want).then(|| format!("said: {error}\nwant: {want}")),
    };
    let wrong: Vec<_> = rows.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn labels_out_of_range_name_the_ignore_index_where_there_is_one() {
    let (x, bad) = (floats(&[2, 3]), ints(&[0, 9], &[2]));
    let ignoring = Dice { ignore_index: Some(255), ..Default::default() };
    let wide = Array::new(&[0, 1i64 << 40], [2]).unwrap();
    check(&[
        (
            CrossEntropy::default().of(&x, &bad),
            "cross_entropy: `target` holds 9 at position 1, expected 0..3 or the ignore_index -100",
        ),
        (
            CrossEntropy { ignore_index: 7, ..Default::default() }.of(&x, &bad),
            "cross_entropy: `target` holds 9 at position 1, expected 0..3 or the ignore_index 7",
        ),
        (
            DiceCrossEntropy::default().of(&x, &bad),
            "dice_cross_entropy: `target` holds 9 at position 1, expected 0..3 or the ignore_index -100",
        ),
        (ignoring.of(&x, &bad), "dice: `target` holds 9 at position 1, expected 0..3 or the ignore_index 255"),
        (Dice::default().of(&x, &bad), "dice: `target` holds 9 at position 1, expected 0..3"),
        (GeneralizedDice::default().of(&x, &bad), "generalized_dice: `target` holds 9 at position 1, expected 0..3"),
        (MultiMargin::default().of(&x, &bad), "multi_margin: `target` holds 9 at position 1, expected 0..3"),
        (
            Diffusion::default().of(&x, &x, &bad, &floats(&[4])),
            "diffusion: `timesteps` holds 9 at position 1, expected 0..4",
        ),
        (
            MultiMargin::default().of(&x, &wide),
            "multi_margin: `target` holds 1099511627776 at position 1, expected 0..3",
        ),
    ]);
}

fn a_target_that_does_not_fit_is_told_how_it_was_read() {
    let (x, image) = (floats(&[2, 3]), floats(&[2, 3, 4, 4]));
    let tokens = floats(&[2, 5, 7]);
    let one_hot = ints(&[0; 6], &[2, 3]);
    let mask = ints(&[0; 32], &[2, 1, 4, 4]);
    let sigmoid = Dice { activation: Activation::Sigmoid, ..Default::default() };
    check(&[
        (
            CrossEntropy::default().of(&x, &floats(&[2])),
            "cross_entropy: `target` has shape [2], expected [2, 3], since `target` holds f32, read as probabilities; \
             labels are integers",
        ),
        (
            CrossEntropy::default().of(&x, &one_hot),
            "cross_entropy: `target` has shape [2, 3], expected [2], since `target` holds i32, read as labels; \
             probabilities and one-hot targets are floats",
        ),
        (
            SoftmaxFocal::default().of(&x, &one_hot),
            "softmax_focal: `target` has shape [2, 3], expected [2], since labels are one a position, not one-hot",
        ),
        (
            Nll::default().of(&x, &one_hot),
            "nll: `target` has shape [2, 3], expected [2], since labels are one a position, not one-hot",
        ),
        (SoftmaxFocal::default().of(&x, &floats(&[2])), "softmax_focal: `target` holds f32, expected integers"),
        (
            Dice::default().of(&image, &mask),
            "dice: `target` has shape [2, 1, 4, 4], expected [2, 4, 4], since `target` holds i32, read as labels; \
             probabilities and one-hot targets are floats",
        ),
        (
            sigmoid.of(&image, &floats(&[2, 1, 4, 4])),
            "dice: `target` has shape [2, 1, 4, 4], expected [2, 3, 4, 4], since `target` holds f32, read as \
             probabilities; labels are integers",
        ),
        (
            CrossEntropy::default().of(&tokens, &ints(&[0; 10], &[2, 5])),
            "cross_entropy: `target` has shape [2, 5], expected [2, 7], since `target` holds i32, read as labels; \
             probabilities and one-hot targets are floats; it would fit with `class_axis_last` on `input`",
        ),
        (
            SoftmaxFocal::default().of(&tokens.clone().class_axis_last(), &ints(&[0; 14], &[2, 7])),
            "softmax_focal: `target` has shape [2, 7], expected [2, 5]; it would fit without `class_axis_last` on `input`",
        ),
        (
            CrossEntropy::default().of(&tokens, &floats(&[2, 5, 7])).with(Extra::Weight, &floats(&[7])),
            "cross_entropy: `weight` has shape [7], expected [5]; it would fit with `class_axis_last` on `input`",
        ),
    ]);
}

fn more_keys_than_queries_are_told_where_they_go() {
    let (x, all, one) = (floats(&[4, 3]), floats(&[9, 3]), floats(&[1]));
    check(&[
        (
            InfoNce::default().of(&x, &all),
            "info_nce: `key` has shape [9, 3], expected [4, 3]; rows that belong to no `query` are `negatives`, and a \
             shard of a batch says by `rows_from` where its `query` begins",
        ),
        (
            Siglip::default().of(&x, &all, &one, &one),
            "siglip: `text` has shape [9, 3], expected [4, 3]; a shard of a batch says by `rows_from` where its `image` \
             begins",
        ),
        (InfoNce::default().of(&all, &x), "info_nce: `key` has shape [4, 3], expected [9, 3]"),
    ]);
}

fn triplets_of_a_batch_need_a_label_a_row_and_anchors_of_the_batch() {
    let (x, all, labels) = (floats(&[4, 3]), floats(&[9, 3]), ints(&[0; 9], &[9]));
    let shard = |first: usize| TripletHard::new().of(&all, &labels).with(Extra::Anchors, &x).rows_from(first);
    check(&[
        (TripletHard::new().of(&x, &labels), "triplet_hard: `labels` has shape [9], expected [4]"),
        (shard(6), "triplet_hard: `anchors` has shape [4, 3], expected [n, 3] with 6 + n ≤ 9"),
    ]);
    assert!(cpu::value(&shard(5)).is_ok(), "the last rows are a shard");
}

fn operands_of_one_batch_have_one_batch() {
    let (x, mu) = (floats(&[4, 2]), floats(&[2, 3]));
    let wide = floats(&[4, 7]);
    let (classes, boxes, three) = (floats(&[4, 2]), floats(&[3, 4]), floats(&[3]));
    let detection = Detection { boxes: BoxRegression::Iou(BoxIou::default()), ..Default::default() };
    let excluding =
        Detection { classification: Classification::CrossEntropy(CrossEntropy::default()), ..detection.clone() };
    let labels = ints(&[0; 4], &[4]);
    let anchors = |class_targets| Anchors {
        classes: &classes,
        class_targets,
        boxes: &boxes,
        box_targets: &boxes,
        positives: &three,
    };
    let (short, long) = (floats(&[2, 5]), floats(&[2, 6]));
    let rollout = Rollout {
        log_probs: &short,
        old_log_probs: &short,
        ref_log_probs: &short,
        advantages: &short,
        values: &long,
        old_values: &long,
        returns: &long,
        mask: None,
    };
    check(&[
        (Vae::default().of(&x, &x, &mu, &mu), "vae: `mu` has shape [2, 3], expected [4, ...], of the batch of `input`"),
        (Vae::default().of(&x, &x, &wide, &mu), "vae: `log_var` has shape [2, 3], expected [4, 7]"),
        (
            detection.of(anchors(&classes), 1.0),
            "detection: `boxes` has shape [3, 4], expected [4, ...], as `classes` has",
        ),
        (
            excluding.of(anchors(&labels), 1.0),
            "detection: `boxes` has shape [3, 4], expected [4, ...], as `classes` has",
        ),
        (Rlhf::default().of(rollout), "rlhf: `values` has shape [2, 6], expected [2, 5], as `log_probs` has"),
    ]);
    // parts that are reduced separately may have different shapes
    assert!(cpu::value(&AdversarialDiscriminator::default().of(&x, &mu)).is_ok());
    assert!(cpu::value(&Vae::default().of(&x, &x, &wide, &wide)).is_ok());
}

fn what_is_too_large_for_any_device_is_told_with_its_own_number() {
    let none = |shape: &[usize]| Array::new::<f32>(&[], shape).unwrap();
    let (Ok(far), Ok(pairs)) = (usize::try_from(1u64 << 40), usize::try_from(100_000u64)) else { return };
    let no_labels = Array::new::<i32>(&[], [0]).unwrap();
    check(&[
        (
            CrossEntropy::default().of(&none(&[0, far]), &no_labels),
            "cross_entropy: elements of `input` of shape [0, 1099511627776], where an axis of length 0 counts as 1: \
             1099511627776 needed, the limit is 4261412863",
        ),
        (
            Vae::default().of(&none(&[0, far]), &none(&[0, far]), &none(&[0]), &none(&[0])),
            "vae: elements of `input` of shape [0, 1099511627776], where an axis of length 0 counts as 1: 1099511627776 \
             needed, the limit is 4261412863",
        ),
        (
            AdversarialDiscriminator::default().of(&none(&[0]), &none(&[0, far])),
            "adversarial_discriminator: elements of `fake` of shape [0, 1099511627776], where an axis of length 0 counts \
             as 1: 1099511627776 needed, the limit is 4261412863",
        ),
        (
            GramStyle::default().of(&none(&[1, pairs, 0]), &none(&[1, pairs, 0])),
            "gram_style: values of shape [1, 100000, 100000]: 10000000000 needed, the limit is 4261412863",
        ),
        (
            InfoNce::default().of(&none(&[pairs, 0]), &none(&[pairs, 0])),
            "info_nce: bytes of memory on the CPU (`cpu::set_memory_bound`): 320021600008 needed, the limit is 4294967296",
        ),
        (
            // there are fewer labels than rows, and this wrong shape is refused first
            SupCon::default().of(&none(&[pairs, 0]), &no_labels),
            "sup_con: `labels` has shape [0], expected [100000]",
        ),
    ]);
}

fn a_gradient_of_a_stranger_is_told_by_its_place() {
    let (x, t, stranger) = (floats(&[2, 3]), floats(&[2, 3]), floats(&[2, 3]));
    let error = cpu::gradients(&Mse::default().of(&x, &t), [&x, &stranger]).unwrap_err();
    assert_eq!(error.to_string(), "mse: operand `of[1]` has no gradient, since it is not among the operands");
}
