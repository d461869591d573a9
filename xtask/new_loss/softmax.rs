//! FILL IN: what it measures, in a few words.

use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// FILL IN: name: `−scale·log p_t` for each position, with `p = softmax(x)`.
    ///
    /// `input` holds logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last. `target` holds
    /// labels, integers `[N, d1, ..., dk]` in `0..C` or `ignore_index`. With the reduction `none` the result is
    /// `[N, d1, ..., dk]`. [`Extra::Mask`], of the shape `[N, d1, ..., dk]`, leaves out each position where it is 0. A
    /// mean divides by the number of kept positions. Gradients: `input`.
    ///
    /// FILL IN: where plain arithmetic would lose digits or give NaN, the form that is computed and why.
    ///
    /// Paper: FILL IN. Reference: FILL IN. See also: [`CrossEntropy`](crate::CrossEntropy).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, {Loss}, cpu};
    /// let logits = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let labels = Array::new(&[0u8], [1])?;
    /// let loss = cpu::value(&{Loss}::default().of(&logits, &labels))?.loss()?;
    /// assert!((loss - 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct {Loss} of (input, target) as Softmax {
        /// FILL IN: what the option does, and its unit.
        pub scale: f32 = 1.0, Range::AtLeast(0.0);
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
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/softmax/{id}"),
    default: || Box::new({Loss}::default()),
};

impl Softmax for {Loss} {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        let scale = f64::from(self.scale);
        SoftmaxScore { loss: part_of(scale, s.nll), d_nll: scale, ..Default::default() }
    }
}
