//! Intersection over union of boxes, and its relatives GIoU, DIoU and CIoU.

use crate::leaf::{Boxes, ElementScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// The term that a box loss adds to `1 − IoU`.
    pub enum IouKind {
        /// Nothing.
        Iou = "iou",
        /// The share of the enclosing box that neither box covers.
        Giou = "giou",
        /// The squared distance of the centres over the squared diagonal of the enclosing box.
        Diou = "diou",
        /// The term of `Diou`, and one for the ratio of width to height.
        Ciou = "ciou",
    }
}

loss! {
    /// Box loss: `1 − IoU` plus the term that `kind` names, for each pair of boxes. `IoU = I/(U + eps)`, 0 where
    /// `U + eps` is 0, with the areas `I` of the intersection and `U` of the union.
    ///
    /// `input` and `target` are floats `[..., 4]`: boxes as x1, y1, x2, y2. `none` is `[...]`. [`Extra::Weight`], of
    /// this shape, multiplies each value; a mean then divides by the sum of the weights. [`Extra::Mask`], of this
    /// shape, leaves out each box where it is 0, for example boxes that no object was matched to. Gradients: `input`.
    ///
    /// With the smallest box `H` that holds both,
    /// - giou adds `(H − U)/(H + eps)`, by areas, so that boxes that do not overlap attract each other;
    /// - diou adds `ρ²/c²`, with the distance `ρ` of the centres and the squared diagonal of `H` plus eps as `c²`;
    /// - ciou adds `ρ²/c² + α·v`, with `v = 4/π²·(atan(w/h) − atan(w'/h'))²` and `α = v/(1 − IoU + v + eps)`, which is
    ///   a constant in the gradient.
    ///
    /// On a GPU `1 − IoU` is computed from the parts that only one box covers, so that a good overlap keeps its digits.
    /// Where corners are equal, each box has half of the derivative. Boxes without area, equal boxes and inverted boxes
    /// give finite numbers.
    ///
    /// A box with an infinite coordinate gets what float64 autograd gets from the formulas: NaN where an area or `H` is
    /// unknown, and an IoU of 0 beside an infinite area. Large finite coordinates are scaled before they are squared.
    ///
    /// Papers: Rezatofighi et al., "Generalized Intersection over Union", 2019; Zheng et al., "Distance-IoU Loss", 2020
    /// (diou and ciou). Reference: `torchvision.ops.{generalized,distance,complete}_box_iou_loss`. See also:
    /// [`SmoothL1`](crate::SmoothL1).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, BoxIou, cpu};
    /// let input = Array::new(&[0.0f32, 0.0, 2.0, 2.0], [1, 4])?;
    /// let target = Array::new(&[1.0f32, 0.0, 3.0, 2.0], [1, 4])?;
    /// // an intersection of 2 in a union of 6
    /// let loss = cpu::value(&BoxIou::default().of(&input, &target))?.loss()?;
    /// assert!((loss - (1.0 - 2.0 / 6.0)).abs() < 1e-6);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct BoxIou of (input, target) as Boxes {
        /// The term that is added to `1 − IoU`.
        pub kind: IouKind = IouKind::Iou, Range::Any;
        /// Is added to denominators, in units of area.
        pub eps: f32 = 1e-7, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "box_iou",
    title: "overlap of boxes",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Corners),
        OperandSpec::new("target", Role::Element).holding(Domain::Corners),
        OperandSpec::WEIGHT,
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/boxes/box_iou"),
    default: || Box::new(BoxIou::default()),
};

/// The share that the first of two numbers has in the derivative of their maximum.
fn share(first: f64, second: f64) -> f64 {
    if first == second { 0.5 } else { f64::from(u8::from(first > second)) }
}

/// The angle with the tangent y/x, 0 for 0/0.
fn angle(y: f64, x: f64) -> f64 {
    if y == 0.0 { 0.0 } else { (y / x).atan() }
}

impl Boxes for BoxIou {
    fn score(&self, a: [f64; 4], b: [f64; 4]) -> ElementScore {
        let eps = f64::from(self.eps);
        let each = |f: &dyn Fn(usize) -> f64| [f(0), f(1)];
        let size = each(&|k| a[k + 2] - a[k]);
        let size_b = each(&|k| b[k + 2] - b[k]);
        let both = each(&|k| a[k + 2].min(b[k + 2]) - a[k].max(b[k]));
        let hull = each(&|k| a[k + 2].max(b[k + 2]) - a[k].min(b[k]));
        // the derivative of width·height with respect to x1, y1, x2, y2
        let of_area = |s: [f64; 2], low: [f64; 2], high: [f64; 2]| {
            [-s[1] * low[0], -s[0] * low[1], s[1] * high[0], s[0] * high[1]]
        };
        let overlap = both[0] > 0.0 && both[1] > 0.0;
        let inter = if overlap { both[0] * both[1] } else { 0.0 };
        let of_inter = match overlap {
            true => of_area(both, each(&|k| share(a[k], b[k])), each(&|k| share(b[k + 2], a[k + 2]))),
            false => [0.0; 4],
        };
        let of_size = of_area(size, [1.0; 2], [1.0; 2]);
        let total = size[0] * size[1] + size_b[0] * size_b[1] - inter;
        let of_total: [f64; 4] = std::array::from_fn(|k| of_size[k] - of_inter[k]);
        let (low, high) = (each(&|k| share(b[k], a[k])), each(&|k| share(a[k + 2], b[k + 2])));

        let (mut loss, mut d) = (1.0, [0.0; 4]);
        let mut add = |value: f64, of_value: &dyn Fn(usize) -> f64| {
            loss += value;
            d.iter_mut().enumerate().for_each(|(k, d)| *d += of_value(k));
        };
        let iou = if total + eps == 0.0 { 0.0 } else { inter / (total + eps) };
        if total + eps != 0.0 {
            add(-iou, &|k| (iou * of_total[k] - of_inter[k]) / (total + eps));
        }
        let area = hull[0] * hull[1];
        if self.kind == IouKind::Giou && area + eps != 0.0 {
            let of_hull = of_area(hull, low, high);
            let waste = (area - total) / (area + eps);
            add(waste, &|k| (of_hull[k] - of_total[k] - waste * of_hull[k]) / (area + eps));
        }
        if matches!(self.kind, IouKind::Diou | IouKind::Ciou) {
            // differences first: sums of coordinates would round them away
            let centre = each(&|k| ((a[k] - b[k]) + (a[k + 2] - b[k + 2])) / 2.0);
            let diagonal = hull[0].powi(2) + hull[1].powi(2) + eps;
            let far = (centre[0].powi(2) + centre[1].powi(2)) / diagonal;
            let of_diagonal = [-hull[0] * low[0], -hull[1] * low[1], hull[0] * high[0], hull[1] * high[1]];
            add(far, &|k| (centre[k % 2] - far * 2.0 * of_diagonal[k]) / diagonal);
        }
        if self.kind == IouKind::Ciou {
            let lean = angle(size_b[0], size_b[1]) - angle(size[0], size[1]);
            let v = 4.0 * (lean / std::f64::consts::PI).powi(2);
            let factor = v / (1.0 - iou + v + eps);
            let square = size[0].powi(2) + size[1].powi(2);
            let slope = factor * 8.0 * lean / std::f64::consts::PI.powi(2);
            let of_lean = match square > 0.0 {
                true => [size[1] / square, -size[0] / square, -size[1] / square, size[0] / square],
                false => [0.0; 4],
            };
            add(factor * v, &|k| slope * of_lean[k]);
        }
        // an infinite loss has an unknown slope
        ElementScore { loss, d: if loss.is_infinite() { [f64::NAN; 4] } else { d } }
    }
}
