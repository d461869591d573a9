//! Knowledge distillation between linear layers' logits, without room for all logits.

use crate::leaf::{Divergence, DivergenceScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::{Distillation, DistillationDirection};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Distillation of a linear layer's logits after a teacher's: `Distillation(x·Wᵀ, y·Uᵀ)`. A GPU stores no more of either's
    /// `[N, V]` logits than its workspace bound allows.
    ///
    /// `student` (x) holds floats `[N, D]` and `student_weight` (W) floats `[V, D]`, a row for each class; `teacher` (y) holds
    /// floats `[N, E]` and `teacher_weight` (U) floats `[V, E]`. So the teacher may be wider than the student, but both have the same
    /// classes. `none` is `[N]`. [`Extra::Mask`], of the shape of `none`, leaves out each row where it is 0. `mean` divides by the
    /// number of kept rows, `batch_mean` by `N`. Gradients: `student`, `student_weight`.
    ///
    /// Options and the form that keeps the digits of a small loss are the same as in [`Distillation`](crate::Distillation). For a
    /// student whose logits nearly agree with the teacher's, what is left is how far the products themselves are rounded in `f32`. A
    /// row with an infinite element counts as NaN. A GPU makes both logits of some rows and classes at a time, and folds each row's
    /// into two softmaxes. It makes them once for the loss, in the directions reverse and js twice, and once more for the gradients,
    /// or twice where more than some 16,000 rows have both gradients. Logits that all fit at once are made once.
    ///
    /// Papers: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015; Wijmans et al., "Cut Your Losses in
    /// Large-Vocabulary Language Models", 2024; Hsu et al., "Liger Kernel: Efficient Triton Kernels for LLM Training", 2024, which has
    /// such a fused loss. See also: [`Distillation`](crate::Distillation), from logits.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, LinearDistillation, cpu};
    /// let student = Array::new(&[1.0f32, 2.0], [1, 2])?;
    /// let student_weight = Array::new(&[0.0f32; 4], [2, 2])?;
    /// let teacher = Array::new(&[1.0f32], [1, 1])?;
    /// let teacher_weight = Array::new(&[3f32.ln(), 0.0], [2, 1])?;
    /// // the teacher's probabilities are ¾ and ¼, the student's ½ and ½
    /// let divergence = 0.75 * (0.75f64 / 0.5).ln() + 0.25 * (0.25f64 / 0.5).ln();
    /// let term = LinearDistillation::default().of(&student, &student_weight, &teacher, &teacher_weight);
    /// assert!((cpu::value(&term)?.loss()? - divergence).abs() < 1e-6);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct LinearDistillation of (student, student_weight, teacher, teacher_weight) as LinearDivergence {
        /// The temperature T, a number that both logits are divided by. The higher it is, the more do improbable
        /// classes count.
        pub temperature: f32 = 1.0, Range::Above(0.0);
        /// Which divergence to take.
        pub direction: DistillationDirection = DistillationDirection::Forward, Range::Any;
        /// The share β of the teacher in the mixture of the direction js; the others ignore it. 0 is the forward
        /// direction, and 1 the reverse one.
        pub beta: f32 = 0.5, Range::Within(0.0, 1.0);
        /// The bound c of a soft cap in units of the logits: the student's and the teacher's become `c·tanh(x/c)` before anything else,
        /// which Gemma 2 does with 30. `None` leaves them as they are.
        pub softcap: Option<f32> = None, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "linear_distillation",
    title: "a student's linear layer after a teacher's",
    operands: &[
        OperandSpec::new("student", Role::Rows).differentiable(),
        OperandSpec::new("student_weight", Role::Projection).differentiable(),
        OperandSpec::new("teacher", Role::TeacherRows),
        OperandSpec::new("teacher_weight", Role::TeacherProjection),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::BATCHED,
    mean: Denominator::Count,
    // stored logits have the same leaf
    shader: source!("losses/divergence/distillation"),
    default: || Box::new(LinearDistillation::default()),
};

impl LinearDistillation {
    fn of_logits(&self) -> Distillation {
        let LinearDistillation { temperature, direction, beta, softcap } = *self;
        Distillation { temperature, direction, beta, softcap }
    }
}

impl Divergence for LinearDistillation {
    fn temperature(&self) -> f64 {
        self.temperature.into()
    }
    fn mixture(&self) -> Option<f64> {
        self.of_logits().mixture()
    }
    fn cap(&self) -> Option<f64> {
        self.of_logits().cap()
    }
    fn score(&self, divergence: f64) -> DivergenceScore {
        self.of_logits().score(divergence)
    }
}
