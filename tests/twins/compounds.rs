//! The ready-made sums of losses: their values, worked out by hand, and the parts that they report.

use crate::harness::tests;
use crate::point::{Point, check, floats, labels, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{
    Anchors, Array, BoxIou, BoxRegression, Classification, CrossEntropy, Detection, FeatureDistance,
    InstanceSegmentation, Layer, Perceptual, Pix2Pix, Rlhf, Rollout, StyleTransfer, Term, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        detection,
        instance_segmentation,
        features_and_pictures,
        reinforcement_from_feedback,
        parts_are_reported_by_name,
    ]
}

/// The f64 value of an f32 factor or option.
fn held(number: f32) -> f64 {
    number.into()
}

/// Two anchors of one class, with a logit of 0 each. If an anchor is negative, its boxes may hold anything.
fn anchors(positives: [f64; 2]) -> [Array; 5] {
    let nan = f64::NAN;
    [
        floats(&[0.0, 0.0], &[2, 1]),
        floats(&positives, &[2, 1]),
        floats(&[2.0, 0.0, 1.0, 1.0, nan, 0.0, 0.0, 0.0], &[2, 4]),
        floats(&[0.0, 0.0, 1.0, 1.0, 0.0, nan, 0.0, 0.0], &[2, 4]),
        floats(&positives.map(|positive| [positive; 4]).concat(), &[2, 4]),
    ]
}

fn given([classes, class_targets, boxes, box_targets, positives]: &[Array; 5]) -> Anchors<'_, Array> {
    Anchors { classes, class_targets, boxes, box_targets, positives }
}

fn detection() {
    let (one, none) = (anchors([1.0, 0.0]), anchors([0.0, 0.0]));
    // the focal losses of the positive and of a negative are ¼ and ¾ of (1/2)²·log 2; the box is off by 2, beyond the
    // parabola
    let (mixed, negative) = (0.25 * LN_2, 0.1875 * LN_2);
    let offset = 2.0 - held(1.0 / 9.0) / 2.0;
    let halved = Detection { box_weight: 0.5, ..Default::default() };
    let overlap = Detection {
        classification: Classification::CrossEntropy(CrossEntropy::default()),
        boxes: BoxRegression::Iou(BoxIou::default()),
        box_weight: 2.0,
    };
    let [classes, boxes] = [floats(&[0.0; 4], &[2, 2]), floats(&[0.0, 0.0, 2.0, 1.0, 3.0, 3.0, 4.0, 4.0], &[2, 4])];
    let targets = floats(&[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], &[2, 4]);
    let (class_targets, positives) = (labels(&[1, 0]), row(&[1.0, 0.0]));
    let excluding = [classes, class_targets, boxes, targets, positives];
    let half = 1.0 - 1.0 / (2.0 + held(1e-7));
    check([
        Point::new("one positive", halved.of(given(&one), 1.0), [mixed + 0.5 * offset])
            .gradient(&one[2], [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
            .parts([(mixed, 1.0), (offset, 1.0)]),
        Point::new("one positive of four", halved.of(given(&one), 4.0), [(mixed + 0.5 * offset) / 4.0])
            .parts([(mixed, 4.0), (offset, 4.0)]),
        Point::new("one, counted by a tensor", halved.of(given(&one), &row(&[1.0])), [mixed + 0.5 * offset]),
        // a picture without objects still has a loss for its background
        Point::new("no positives", halved.of(given(&none), 0.0), [2.0 * negative])
            .gradient(&none[2], [0.0; 8])
            .parts([(2.0 * negative, 1.0), (0.0, 1.0)]),
        Point::new(
            "classes that exclude each other, and overlap",
            overlap.of(given(&excluding), 1.0),
            [2.0 * LN_2 + 2.0 * half],
        )
        .parts([(2.0 * LN_2, 1.0), (half, 1.0)]),
    ]);
}

fn instance_segmentation() {
    let (one, none) = (anchors([1.0, 0.0]), anchors([0.0, 0.0]));
    let loss = InstanceSegmentation { mask_weight: 3.0, ..Default::default() };
    let detected = 0.25 * LN_2 + 2.0 - held(1.0 / 9.0) / 2.0;
    let (mask, empty) = (floats(&[0.0; 4], &[1, 2, 2]), floats(&[], &[0, 2, 2]));
    check([
        Point::new("a mask", loss.of(given(&one), 1.0, &mask, &mask), [detected + 3.0 * LN_2]),
        Point::new("no masks", loss.of(given(&none), 0.0, &empty, &empty), [0.375 * LN_2]),
    ]);
}

fn features_and_pictures() {
    let (x, y, zero) =
        (floats(&[1.0, 2.0], &[1, 1, 2]), floats(&[3.0, 2.0], &[1, 1, 2]), floats(&[0.0; 2], &[1, 1, 2]));
    let layers = [Layer::new(&x, &y), Layer { weight: 0.25, ..Layer::new(&x, &zero) }];
    let absolute = Perceptual { distance: FeatureDistance::L1 };
    let pix2pix = Pix2Pix { l1_weight: 4.0, perceptual_weight: 2.0, ..Default::default() };
    let style = StyleTransfer { style_weight: 8.0, ..Default::default() };
    // features (1, 2) in one channel have the Gram matrix 5/2
    let gram = 6.25;
    check([
        Point::new("squared errors of features", Perceptual::default().of(&layers).unwrap(), [2.0 + 0.25 * 2.5]),
        Point::new("absolute errors of features", absolute.of(&layers).unwrap(), [1.0 + 0.25 * 1.5]),
        Point::new("a picture alone", pix2pix.of(&row(&[0.0]), &x, &y, &[]), [LN_2 + 4.0]),
        Point::new("a picture and its features", pix2pix.of(&row(&[0.0]), &x, &y, &layers), [LN_2 + 4.0 + 2.0 * 1.375]),
        Point::new("content alone", style.of(&layers[..1], &[]).unwrap(), [2.0]),
        Point::new("style alone", style.of(&[], &layers[1..]).unwrap(), [8.0 * 0.25 * gram]),
        Point::new("content and style", style.of(&layers[..1], &layers[1..]).unwrap(), [2.0 + 8.0 * 0.25 * gram]),
    ]);
    assert!(Perceptual::default().of::<Array>(&[]).is_none());
    assert!(style.of::<Array>(&[], &[]).is_none());
}

/// One token of the answer, and one that is masked.
fn reinforcement_from_feedback() {
    let nan = f64::NAN;
    let [new, old, reference] = [[0.0, nan], [0.0, 0.0], [-1.0, nan]].map(|numbers| row(&numbers));
    let [advantages, values, old_values, returns] =
        [[2.0, nan], [3.0, nan], [3.0, 0.0], [1.0, nan]].map(|numbers| row(&numbers));
    let mask = row(&[1.0, 0.0]);
    let rollout = Rollout {
        log_probs: &new,
        old_log_probs: &old,
        ref_log_probs: &reference,
        advantages: &advantages,
        values: &values,
        old_values: &old_values,
        returns: &returns,
        mask: Some(&mask),
    };
    let loss = Rlhf { value_weight: 0.25, kl_weight: 0.5, ..Default::default() };
    // the ratio is 1, the value is off by 2, and the log-ratio is 1
    check([Point::new("a rollout", loss.of(rollout), [-2.0 + 0.25 * 2.0 + 0.5])
        .gradient(&new, [-2.0 + 0.5, 0.0])
        .parts([(-2.0, 1.0), (2.0, 1.0), (1.0, 1.0)])]);
}

fn parts_are_reported_by_name() {
    let one = anchors([1.0, 0.0]);
    let (x, mask) = (floats(&[1.0, 2.0], &[1, 1, 2]), floats(&[0.0; 4], &[1, 2, 2]));
    let layers = [Layer::new(&x, &x), Layer::new(&x, &x)];
    let rollout = Rollout {
        log_probs: &x,
        old_log_probs: &x,
        ref_log_probs: &x,
        advantages: &x,
        values: &x,
        old_values: &x,
        returns: &x,
        mask: None,
    };
    let rows: [(Term<Array>, &[&str]); 6] = [
        (Detection::default().of(given(&one), 1.0), &["classification", "boxes"]),
        (InstanceSegmentation::default().of(given(&one), 1.0, &mask, &mask), &["classification", "boxes", "masks"]),
        (Perceptual::default().of(&layers).unwrap(), &["content.0", "content.1"]),
        (Pix2Pix::default().of(&x, &x, &x, &layers[..1]), &["adversarial", "l1", "content.0"]),
        (StyleTransfer::default().of(&layers[..1], &layers).unwrap(), &["content.0", "style.0", "style.1"]),
        (Rlhf::default().of(rollout), &["policy", "value", "kl"]),
    ];
    for (term, names) in rows {
        let outcome = cpu::value(&term).unwrap();
        assert_eq!(outcome.parts().iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), names);
    }
}
