//! Intersection over union of boxes, and its relatives GIoU, DIoU, CIoU, EIoU and SIoU.

use crate::leaf::{Boxes, ElementScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
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
        /// The term of `Diou`, and the squared differences of the widths and of the heights, over the squared sides of the
        /// enclosing box.
        Eiou = "eiou",
        /// The mean of a term for the distance of the centres, which counts less where they lie diagonally, and a term for
        /// the shape.
        Siou = "siou",
    }
}

choice! {
    /// The meaning of the four numbers of a box.
    pub enum BoxFormat {
        /// x1, y1, x2, y2: the corners with the least and with the greatest coordinates.
        Xyxy = "xyxy",
        /// cx, cy, w, h: the centre, the width and the height.
        Cxcywh = "cxcywh",
    }
}

loss! {
    /// Box loss: `1 − IoU` plus the term that `kind` names, for each pair of boxes. `IoU = I/(U + eps)`, 0 where
    /// `U + eps` is 0, with the areas `I` of the intersection and `U` of the union.
    ///
    /// `input` and `target` are floats `[..., 4]`: boxes as x1, y1, x2, y2, or as cx, cy, w, h where `format` says so.
    /// With the reduction `none` the result is `[...]`. [`Extra::Weight`], of this shape, multiplies each value; a mean
    /// then divides by the sum of the weights. [`Extra::Mask`], of this shape, leaves out each box where it is 0, for
    /// example boxes that no object was matched to. Gradients: `input`, with respect to the numbers that it holds.
    ///
    /// The enclosing box is the smallest box that holds both. The other box's width and height are `w'` and `h'`.
    /// - giou adds `(H − U)/(H + eps)`, where `H` is the area of the enclosing box, so that boxes that do not overlap
    ///   attract each other;
    /// - diou adds `ρ²/c²`, where `ρ` is the distance of the centres, and `c²` the squared diagonal of the enclosing box
    ///   plus eps;
    /// - ciou adds `ρ²/c² + α·v`, with `v = 4/π²·(atan(w/h) − atan(w'/h'))²` and `α = v/(1 − IoU + v + eps)`, which is
    ///   a constant in the gradient;
    /// - eiou adds `ρ²/c² + (w − w')²/(W² + eps) + (h − h')²/(H² + eps)`, where `W` and `H` are the width and the height
    ///   of the enclosing box;
    /// - siou adds `(Δ + Ω)/2`, with the same `W` and `H`. The term for the distance is
    ///   `Δ = 2 − e^((Λ − 2)·ρx) − e^((Λ − 2)·ρy)`, with `ρx = (dx/W)²`, `ρy = (dy/H)²`, the distances `dx` and `dy` of
    ///   the centres along the axes, and `Λ = 2·|dx·dy|/(dx² + dy²)`, which is the paper's
    ///   `1 − 2·sin²(arcsin(sin α) − π/4)`. The term for the shape is `Ω = (1 − e^−ωw)⁴ + (1 − e^−ωh)⁴`, with
    ///   `ωw = |w − w'|/max(|w|, |w'|)` and `ωh` likewise. Here 0/0 is 0, and eps is in the IoU alone.
    ///
    /// On a GPU, `1 − IoU` is computed from the parts that only one box covers, so that the loss of a good overlap keeps
    /// its digits. Where corners are equal, each box has half of the derivative. Boxes without area, equal boxes and
    /// inverted boxes give finite numbers.
    ///
    /// A box with an infinite coordinate gets what float64 autograd gets from the formulas: NaN where an area or the
    /// enclosing box is unknown, and an IoU of 0 where an area is infinite. For eiou and siou, and in the format cxcywh,
    /// an infinite number gives NaN. Large finite coordinates are scaled before they are squared.
    ///
    /// Papers: Rezatofighi et al., "Generalized Intersection over Union", 2019; Zheng et al., "Distance-IoU Loss", 2020
    /// (diou and ciou); Zhang et al., "Focal and Efficient IOU Loss for Accurate Bounding Box Regression", 2021 (eiou);
    /// Gevorgyan, "SIoU Loss: More Powerful Learning for Bounding Box Regression", 2022 (siou). References:
    /// `torchvision.ops.{generalized,distance,complete}_box_iou_loss`; for siou YOLOv6, `yolov6/utils/figure_iou.py`. See
    /// also: [`SmoothL1`](crate::SmoothL1).
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
        /// A number that is added to denominators, in units of area.
        pub eps: f32 = 1e-7, Range::Above(0.0);
        /// The meaning of the four numbers of a box, in `input` and in `target`.
        pub format: BoxFormat = BoxFormat::Xyxy, Range::Any;
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

/// Returns the derivative of the maximum of two numbers with respect to the first: ½ where they are equal.
fn share(first: f64, second: f64) -> f64 {
    if first == second { 0.5 } else { f64::from(u8::from(first > second)) }
}

/// Returns the angle with the tangent y/x, or 0 for 0/0.
fn angle(y: f64, x: f64) -> f64 {
    if y == 0.0 { 0.0 } else { (y / x).atan() }
}

/// The sides of a box, of the other box and of their hull, which is the enclosing box; and the box's centre less the
/// other's. Each is along x and along y.
struct Sides {
    of: [f64; 2],
    of_other: [f64; 2],
    of_hull: [f64; 2],
    centre: [f64; 2],
    /// The derivatives of the hull's low corner with respect to the box's low corner, and of its high corner with
    /// respect to the box's high corner.
    low: [f64; 2],
    high: [f64; 2],
}

/// Returns the mean of SIoU's terms for the distance and the shape, and its derivatives with respect to x1, y1, x2, y2.
fn siou(sides: &Sides) -> (f64, [f64; 4]) {
    let Sides { of, of_other, of_hull, centre, low, high } = sides;
    let square = centre[0].powi(2) + centre[1].powi(2);
    let [dx, dy] = centre.map(f64::abs);
    let (lambda, of_lambda) = match square > 0.0 {
        true => (2.0 * dx * dy / square, [dy, dx].map(|other| 2.0 * other * (2.0 * other * other - square) / square / square)),
        false => (0.0, [0.0; 2]),
    };
    let (mut distance, mut shape, mut d) = (0.0, 0.0, [0.0; 4]);
    // the derivative of the term Δ for the distance with respect to Λ
    let mut by_lambda = 0.0;
    for k in 0..2 {
        let along = if centre[k] == 0.0 { 0.0 } else { centre[k] / of_hull[k] };
        let rho = along * along;
        let near = ((lambda - 2.0) * rho).exp();
        distance -= ((lambda - 2.0) * rho).exp_m1();
        if near > 0.0 && of_hull[k] != 0.0 {
            by_lambda -= near * rho;
            let by_along = (2.0 - lambda) * near * 2.0 * along / of_hull[k];
            d[k] += by_along * (0.5 + along * low[k]);
            d[k + 2] += by_along * (0.5 - along * high[k]);
        }
        let greater = of[k].abs().max(of_other[k].abs());
        if greater > 0.0 {
            let omega = (of[k] - of_other[k]).abs() / greater;
            let far = -(-omega).exp_m1();
            shape += far.powi(4);
            let of_omega = if of[k].abs() == greater { of_other[k] / of[k] / of[k] } else { -1.0 / of_other[k] };
            let slope = 4.0 * far.powi(3) * (-omega).exp() * of_omega;
            d[k] -= slope;
            d[k + 2] += slope;
        }
    }
    for k in 0..4 {
        d[k] += by_lambda * of_lambda[k % 2] * sign(centre[k % 2]) / 2.0;
    }
    (0.5 * (distance + shape), d.map(|d| 0.5 * d))
}

impl BoxIou {
    /// Returns the loss of two boxes that are given by their corners, and its derivatives with respect to the first
    /// box's corners.
    fn of_corners(&self, a: [f64; 4], b: [f64; 4]) -> ElementScore {
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
        // subtracts first: sums of large coordinates would round small differences away
        let centre = each(&|k| ((a[k] - b[k]) + (a[k + 2] - b[k + 2])) / 2.0);
        if matches!(self.kind, IouKind::Diou | IouKind::Ciou | IouKind::Eiou) {
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
        if self.kind == IouKind::Eiou {
            for axis in 0..2 {
                let wider = size[axis] - size_b[axis];
                let square = hull[axis].powi(2) + eps;
                let share = wider.powi(2) / square;
                let of_wider = |k: usize| if k < 2 { -wider } else { wider };
                let of_hull = |k: usize| hull[axis] * if k < 2 { -low[axis] } else { high[axis] };
                let of_share = |k: usize| 2.0 * (of_wider(k) - share * of_hull(k)) / square;
                add(share, &|k| if k % 2 == axis { of_share(k) } else { 0.0 });
            }
        }
        if self.kind == IouKind::Siou {
            let (value, of_value) = siou(&Sides { of: size, of_other: size_b, of_hull: hull, centre, low, high });
            add(value, &|k| of_value[k]);
        }
        // the slope of an infinite loss is unknown
        ElementScore { loss, d: if loss.is_infinite() { [f64::NAN; 4] } else { d } }
    }
}

impl Boxes for BoxIou {
    fn score(&self, a: [f64; 4], b: [f64; 4]) -> ElementScore {
        let centred = self.format == BoxFormat::Cxcywh;
        let bounded = centred || matches!(self.kind, IouKind::Eiou | IouKind::Siou);
        if bounded && a.iter().chain(&b).any(|x| !x.is_finite()) {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        if !centred {
            return self.of_corners(a, b);
        }
        let corners = |[x, y, w, h]: [f64; 4]| [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
        let ElementScore { loss, d: [x1, y1, x2, y2] } = self.of_corners(corners(a), corners(b));
        ElementScore { loss, d: [x1 + x2, y1 + y2, (x2 - x1) / 2.0, (y2 - y1) / 2.0] }
    }
}
