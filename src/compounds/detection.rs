//! Detection of objects, with and without their masks.

use crate::losses::{BceWithLogits, BoxIou, CrossEntropy, SigmoidFocal, SmoothL1};
use crate::reduction::Reduction;
use crate::term::{Beside, Extra, Operand, Scale, Term};

/// The loss of a detector's classes.
#[derive(Clone, Debug, PartialEq)]
pub enum Classification {
    /// Each class by itself, most anchors being background: logits and 0/1 targets `[A, C]`.
    Focal(SigmoidFocal),
    /// Classes that exclude each other: logits `[A, C]` and labels `[A]`.
    CrossEntropy(CrossEntropy),
}

/// The loss of a detector's boxes.
#[derive(Clone, Debug, PartialEq)]
pub enum BoxRegression {
    /// By their offsets.
    SmoothL1(SmoothL1),
    /// By their overlap: boxes in the format that the option `format` of [`BoxIou`] names.
    Iou(BoxIou),
}

/// Object detection: the classification loss of every anchor and the box loss of the positives, each summed and divided by
/// the number of positives.
///
/// The parts of an outcome are `classification` and `boxes`. The default is RetinaNet's: sigmoid focal loss, and smooth L1
/// with a β of 1/9.
///
/// Papers: Lin et al., "Focal Loss for Dense Object Detection", 2017; Ren et al., "Faster R-CNN", 2015, for cross-entropy;
/// Rezatofighi et al., 2019, for overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The loss of the classes.
    pub classification: Classification,
    /// The loss of the boxes.
    pub boxes: BoxRegression,
    /// The factor of the box loss.
    pub box_weight: f32,
}

impl Default for Detection {
    fn default() -> Detection {
        Detection {
            classification: Classification::Focal(SigmoidFocal::default()),
            boxes: BoxRegression::SmoothL1(SmoothL1 { beta: 1.0 / 9.0 }),
            box_weight: 1.0,
        }
    }
}

/// A detector's output and its targets, for each of `A` anchors.
#[derive(Clone, Copy, Debug)]
pub struct Anchors<'a, T> {
    /// Logits, `[A, C]`.
    pub classes: &'a T,
    /// 0/1 targets `[A, C]` for the focal loss, labels `[A]` for cross-entropy.
    pub class_targets: &'a T,
    /// Boxes or their offsets, `[A, 4]`.
    pub boxes: &'a T,
    /// The targets of `boxes`, `[A, 4]`. For an anchor that is not positive they may hold anything.
    pub box_targets: &'a T,
    /// Nonzero for positive anchors; `[A]` for overlap, `[A, 4]` for offsets.
    pub positives: &'a T,
}

impl Detection {
    /// The loss of these anchors. `count` of them are positive.
    ///
    /// A count below 1 counts as 1, so that a picture without objects is no error. A count that is a tensor has to be at least
    /// 1 itself.
    pub fn of<T: Operand>(&self, anchors: Anchors<'_, T>, count: impl Into<Scale<T>>) -> Term<T> {
        let count = at_least_one(count.into());
        let classes = match &self.classification {
            Classification::Focal(loss) => loss.of(anchors.classes, anchors.class_targets),
            Classification::CrossEntropy(loss) => loss.of(anchors.classes, anchors.class_targets),
        };
        let boxes = match &self.boxes {
            BoxRegression::SmoothL1(loss) => loss.of(anchors.boxes, anchors.box_targets),
            BoxRegression::Iou(loss) => loss.of(anchors.boxes, anchors.box_targets),
        };
        // both losses have the same anchors
        let rows = anchors.classes.shape().iter().take(1).copied().collect();
        let beside = Beside { whole: "detection", own: "boxes", other: "classes", shape: rows, exact: false };
        let boxes = boxes.with(Extra::Mask, anchors.positives).named("boxes").beside(beside);
        let sum = classes.named("classification") + self.box_weight * boxes;
        sum.reduce(Reduction::Sum).divide_by(count)
    }
}

fn at_least_one<T>(count: Scale<T>) -> Scale<T> {
    match count {
        // the checks refuse a NaN
        Scale::Number(number) if number < 1.0 => Scale::Number(1.0),
        other => other,
    }
}

/// Instance segmentation: [`Detection`], and the binary cross-entropy of the positive anchors' masks, a mean over their
/// pixels.
///
/// The parts of an outcome are `classification`, `boxes` and `masks`.
///
/// Paper: He et al., "Mask R-CNN", 2017.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceSegmentation {
    /// The loss of the anchors.
    pub detection: Detection,
    /// The loss of the masks' pixels.
    pub masks: BceWithLogits,
    /// The factor of the masks' loss.
    pub mask_weight: f32,
}

impl Default for InstanceSegmentation {
    fn default() -> InstanceSegmentation {
        InstanceSegmentation { detection: Detection::default(), masks: BceWithLogits::default(), mask_weight: 1.0 }
    }
}

impl InstanceSegmentation {
    /// The loss of these anchors, `count` of which are positive, and of the masks. `mask_logits` and the 0/1 `mask_targets`
    /// have one shape, `[P, H, W]`, and hold for each positive anchor the mask of its own class.
    ///
    /// Without positive anchors the masks are empty, and add 0.
    pub fn of<T: Operand>(
        &self,
        anchors: Anchors<'_, T>,
        count: impl Into<Scale<T>>,
        mask_logits: &T,
        mask_targets: &T,
    ) -> Term<T> {
        let count = count.into();
        let masks = self.masks.of(mask_logits, mask_targets).named("masks");
        // a mean over no pixels is NaN; a sum of none is 0
        let masks = match mask_logits.shape().contains(&0) {
            true => masks.reduce(Reduction::Sum),
            false => masks,
        };
        self.detection.of(anchors, count) + self.mask_weight * masks
    }
}
