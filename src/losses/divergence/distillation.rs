//! Knowledge distillation.

use crate::leaf::{Divergence, DivergenceScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Distillation: `T²·KL(softmax(teacher/T) ‖ softmax(student/T))` for each row.
    ///
    /// `student` and `teacher` hold logits, `[N, C]`; further axes are taken as for [`CrossEntropy`](crate::CrossEntropy).
    /// Only the student has a gradient. [`Extra::Mask`] is `[N]`. `none` is `[N]`; `mean` divides by the number of kept rows
    /// and `batch_mean` by `N`, which is the same for `[N, C]` without a mask alone. `T²` keeps the gradient's size whatever the
    /// temperature: as that grows, the loss tends to half the variance of the logits' differences.
    ///
    /// The divergence is built up by its chain rule, as classes come in: that of a union is that of the two shares of its
    /// parts plus the parts' own. No term is negative and none a difference of logs of sums, so that a student who is near
    /// the teacher keeps the digits of a small loss; where they are near, `p_s − p_t` comes from the log of their ratio. A
    /// class that both mask by `−∞` takes no part; one that the student alone masks is an infinite loss.
    ///
    /// Paper: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Distillation of (student, teacher) as Divergence {
        /// What the logits of both are divided by: the higher, the more the improbable classes count.
        pub temperature: f32 = 1.0, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "distillation",
    title: "a student's softmax after a teacher's",
    operands: &[
        OperandSpec::new("student", Role::Classes).differentiable(),
        OperandSpec::new("teacher", Role::Dense),
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
