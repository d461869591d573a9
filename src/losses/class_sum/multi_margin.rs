//! The margin between the right class and each other.

use crate::leaf::{ClassScore, ClassSeen, ClassSum};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Multi-class margin loss: `w[t]/C·Σ_{c≠t} max(margin − x_t + x_c, 0)^p` for each row.
    ///
    /// `input` is `[N, C]`, `target` holds labels `[N]`; further axes are taken as for
    /// [`CrossEntropy`](crate::CrossEntropy). [`Extra::Weight`] is a weight for each class, `[C]`; [`Extra::Mask`] has the
    /// labels' shape. `none` has the labels' shape. A mean divides by the number of rows, weights or not.
    ///
    /// `x_c − x_t` comes first, which is exact where the two are close. The derivative of `max(·, 0)` at 0 is 0. A class of
    /// `−∞` falls short of every margin; the label's own `−∞` is an infinite loss.
    ///
    /// Paper: Crammer & Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", 2001.
    /// Reference: `torch.nn.functional.multi_margin_loss`.
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) for a label outside `0..C`.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct MultiMargin of (input, target) as ClassSum {
        /// The power of each shortfall: 1 or 2.
        pub p: i32 = 1, Range::Within(1.0, 2.0);
        /// How far the right class has to lead every other.
        pub margin: f32 = 1.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "multi_margin",
    title: "margin between the right class and each other",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/class_sum/multi_margin"),
    default: || Box::new(MultiMargin::default()),
};

impl ClassSum for MultiMargin {
    fn score(&self, class: &ClassSeen) -> ClassScore {
        let short = f64::from(self.margin) + (class.x - class.x_label);
        // a weight of 0 is a factor of nothing, infinite or not
        if class.hit || class.x == f64::NEG_INFINITY || short <= 0.0 || class.weight == 0.0 {
            return ClassScore::default();
        }
        let share = class.weight / class.classes;
        let (power, slope) = if self.p == 1 { (short, 1.0) } else { (short * short, 2.0 * short) };
        ClassScore { loss: share * power, d: share * slope, d_label: -share * slope }
    }
}
