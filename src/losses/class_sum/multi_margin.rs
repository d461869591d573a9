//! The margin between the right class and each other class.

use crate::leaf::{ClassScore, ClassSeen, ClassSum};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Multi-class margin loss: `w[t]/C·Σ_{c≠t} max(margin − x_t + x_c, 0)^p` for each row.
    ///
    /// `input` holds scores, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds
    /// labels, integers `[N, d1, ..., dk]` in `0..C`. With the reduction `none` the result is `[N, d1, ..., dk]`.
    /// [`Extra::Weight`] is the weight `w` of each class, `[C]`; without it `w` is 1. A mean divides by the number of
    /// rows, whatever their weights. [`Extra::Mask`], of the shape `[N, d1, ..., dk]`, leaves out each row where it is
    /// 0. Gradients: `input`.
    ///
    /// The difference `x_c − x_t` is taken first, since it is exact where the two are close. The derivative of
    /// `max(·, 0)` at 0 is 0. A class with a score of `−∞` costs nothing; if it is the label's, the loss is infinite.
    ///
    /// Paper: Crammer and Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", 2001.
    /// Reference: `torch.nn.functional.multi_margin_loss`.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, MultiMargin, cpu};
    /// let scores = Array::new(&[3.0f32, 2.5], [1, 2])?;
    /// let labels = Array::new(&[0i32], [1])?;
    /// // a lead of ½ is ½ less than the margin; divided by two classes
    /// assert_eq!(cpu::value(&MultiMargin::default().of(&scores, &labels))?.loss()?, 0.5 / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct MultiMargin of (input, target) as ClassSum {
        /// The power of each term: 1 or 2.
        pub p: i32 = 1, Range::Within(1.0, 2.0);
        /// By how much the score of the right class has to exceed that of each other class, in units of the input.
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
        OperandSpec::SAMPLE_WEIGHT,
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
        // a weight of 0 removes an infinite term too, but not a NaN
        let removed = class.weight == 0.0 && !short.is_nan();
        if class.hit || class.x == f64::NEG_INFINITY || short <= 0.0 || removed {
            return ClassScore::default();
        }
        let share = class.weight / class.classes;
        let (power, slope) = if self.p == 1 { (short, 1.0) } else { (short * short, 2.0 * short) };
        ClassScore { loss: share * power, d: share * slope, d_label: -share * slope }
    }
}
