//! Knowledge distillation.

use crate::leaf::{Divergence, DivergenceScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Distillation: `T²·KL(softmax(teacher/T) ‖ softmax(student/T))` for each position.
    ///
    /// `student` and `teacher` hold logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last, of
    /// one shape. `none` is `[N, d1, ..., dk]`. [`Extra::Mask`], of the shape of `none`, leaves out each position where
    /// it is 0. `mean` divides by the number of kept positions, `batch_mean` by `N`: the two are equal for `[N, C]`
    /// without a mask. Gradients: `student`.
    ///
    /// `T²` keeps the gradient's size at every temperature. For high temperatures the loss tends to half the variance,
    /// over the classes, of the difference of the logits.
    ///
    /// The divergence is summed over the classes in a form in which no term is negative and none is a difference of
    /// logs of sums. So a student close to the teacher keeps the digits of a small loss. A logit of `−∞` masks its
    /// class: one that both mask costs nothing, one that only the student masks is an infinite loss.
    ///
    /// Paper: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, which uses temperatures from 1 to
    /// 20. See also: [`KlDiv`](crate::KlDiv), from log-probabilities.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Distillation, cpu};
    /// let student = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let teacher = Array::new(&[3f32.ln(), 0.0], [1, 2])?;
    /// // the teacher's probabilities are ¾ and ¼, the student's ½ and ½
    /// let divergence = 0.75 * (0.75f64 / 0.5).ln() + 0.25 * (0.25f64 / 0.5).ln();
    /// let loss = cpu::value(&Distillation::default().of(&student, &teacher))?.loss()?;
    /// assert!((loss - divergence).abs() < 1e-6);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Distillation of (student, teacher) as Divergence {
        /// The temperature T, a number that both logits are divided by. The higher it is, the more do improbable
        /// classes count.
        pub temperature: f32 = 1.0, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "distillation",
    title: "a student's softmax after a teacher's",
    operands: &[
        OperandSpec::new("student", Role::Classes).differentiable(),
        OperandSpec::new("teacher", Role::Dense),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::BATCHED,
    mean: Denominator::Count,
    shader: source!("losses/divergence/distillation"),
    default: || Box::new(Distillation::default()),
};

impl Divergence for Distillation {
    fn temperature(&self) -> f64 {
        self.temperature.into()
    }
    fn score(&self, divergence: f64) -> DivergenceScore {
        DivergenceScore { loss: divergence, d: 1.0 }
    }
}
