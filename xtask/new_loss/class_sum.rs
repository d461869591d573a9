//! FILL IN: what it measures, in a few words.

use crate::leaf::{ClassScore, ClassSeen, ClassSum};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// FILL IN: name: the sum of `score` over the classes of a position: here `−w[t]·x_t`.
    ///
    /// `input` holds floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds labels,
    /// integers `[N, d1, ..., dk]` in `0..C` or `ignore_index`. With the reduction `none` the result is
    /// `[N, d1, ..., dk]`. [`Extra::Weight`] is the weight `w` of each class, `[C]`; without it `w` is 1. A mean
    /// divides by the sum of `w[t]` over the kept positions. [`Extra::Mask`], of the shape `[N, d1, ..., dk]`, leaves
    /// out each position where it is 0. Gradients: `input`.
    ///
    /// FILL IN: where plain arithmetic would lose digits or give NaN, the form that is computed and why.
    ///
    /// Paper: FILL IN. Reference: FILL IN. See also: [`Nll`](crate::Nll).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, {Loss}, cpu};
    /// let input = Array::new(&[-1.0f32, -2.0, -3.0, -4.0], [2, 2])?;
    /// let labels = Array::new(&[0i32, 1], [2])?;
    /// assert_eq!(cpu::value(&{Loss}::default().of(&input, &labels))?.loss()?, (1.0 + 4.0) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct {Loss} of (input, target) as ClassSum {
        /// The label of positions that are left out.
        pub ignore_index: i32 = -100, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "{id}",
    title: "FILL IN: what it is, in a few words",
    operands: &[
        OperandSpec::new("input", Role::Classes).differentiable(),
        OperandSpec::new("target", Role::Labels),
        OperandSpec::new("weight", Role::PerClass).optional().holding(Domain::Positive),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/class_sum/{id}"),
    default: || Box::new({Loss}::default()),
};

impl ClassSum for {Loss} {
    fn ignore_index(&self) -> Option<i32> {
        Some(self.ignore_index)
    }
    fn score(&self, class: &ClassSeen) -> ClassScore {
        if !class.hit {
            return ClassScore::default();
        }
        ClassScore { loss: part_of(class.weight, -class.x), d: -class.weight, d_label: 0.0 }
    }
}
