//! Knowledge distillation between linear layers' logits, without storing all logits.

use crate::leaf::{Divergence, DivergenceScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::{Distillation, DistillationDirection};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Distillation of a student's linear layer from a teacher's: `Distillation(x·Wᵀ, y·Uᵀ)`. A GPU stores no more of
    /// the `[N, V]` logits of the two than its workspace bound allows.
    ///
    /// `student` (x) holds floats `[N, D]` and `student_weight` (W) floats `[V, D]`, a row for each class; `teacher`
    /// (y) holds floats `[N, E]` and `teacher_weight` (U) floats `[V, E]`. The teacher's rows may be wider than the
    /// student's, but both have the same classes. With the reduction `none` the result is `[N]`. [`Extra::Mask`], of
    /// the shape `[N]`, leaves out each row where it is 0. `mean` divides by the number of kept rows, `batch_mean` by
    /// `N`. Gradients: `student`, `student_weight`.
    ///
    /// Options and the form that keeps the digits of a small loss are the same as in
    /// [`Distillation`](crate::Distillation). Where the student's logits nearly equal the teacher's, the error of the
    /// loss is that of the products `x·Wᵀ` and `y·Uᵀ`, which are rounded to `f32`. A row with an infinite element
    /// counts as NaN. A GPU computes the logits of both for a block of rows and classes at a time, and folds those of
    /// each row into two softmaxes. For the loss it computes all logits once, or twice in the directions reverse and
    /// js. For gradients it computes them once more, or twice more if both are wanted and `N` is more than some 16,000.
    /// If one block has room for all logits, they are computed only once.
    ///
    /// Papers: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015; Wijmans et al., "Cut Your Losses in
    /// Large-Vocabulary Language Models", 2024; Hsu et al., "Liger Kernel: Efficient Triton Kernels for LLM Training",
    /// 2024, which has such a fused loss. See also: [`Distillation`](crate::Distillation), from logits.
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
        /// The temperature T, by which the logits of both are divided. A higher T gives improbable classes more weight.
        pub temperature: f32 = 1.0, Range::Above(0.0);
        /// Which divergence the loss takes.
        pub direction: DistillationDirection = DistillationDirection::Forward, Range::Any;
        /// The share β of the teacher in the mixture of the direction `js`. 0 gives the forward divergence and 1 the
        /// reverse one. It has no effect on the other directions.
        pub beta: f32 = 0.5, Range::Within(0.0, 1.0);
        /// The bound c of a soft cap, in units of the logits: the student's and the teacher's logits x become
        /// `c·tanh(x/c)` before anything else, as in Gemma 2 with c = 30. `None` leaves the logits as they are.
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
    // `distillation`, from stored logits, has the same leaf
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
