//! Knowledge distillation.

use crate::leaf::{Divergence, DivergenceScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::Role;

choice! {
    /// Which divergence a distillation takes between `t`, the teacher's softmax, and `s`, the student's.
    pub enum DistillationDirection {
        /// `KL(t ‖ s)`: the student has to find likely all that the teacher finds likely.
        Forward = "forward",
        /// `KL(s ‖ t)`: the student may find likely only a part of what the teacher finds likely.
        Reverse = "reverse",
        /// `β·KL(t ‖ m) + (1 − β)·KL(s ‖ m)` with the mixture `m = β·t + (1 − β)·s`: the generalised Jensen-Shannon
        /// divergence.
        Js = "js",
    }
}

loss! {
    /// Distillation: `T²·KL(softmax(teacher/T) ‖ softmax(student/T))` for each position, or another divergence between
    /// the two.
    ///
    /// `student` and `teacher` hold logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last, of
    /// one shape. With the reduction `none` the result is `[N, d1, ..., dk]`. [`Extra::Mask`], of the shape
    /// `[N, d1, ..., dk]`, leaves out each position where it is 0. `mean` divides by the number of kept positions,
    /// `batch_mean` by `N`: the two are equal for `[N, C]` without a mask. Gradients: `student`.
    ///
    /// The factor `T²` keeps the size of the gradient about the same at every temperature, in all directions. For high
    /// temperatures the forward and the reverse loss tend to half the variance, over the classes, of the difference of
    /// the logits.
    ///
    /// The divergence is summed over the classes in a form in which no term is negative and none is a difference of
    /// logs of sums. So the small loss of a student close to the teacher keeps its digits. A logit of `−∞` masks its
    /// class. A class that both mask costs nothing. A class that only the student masks makes the forward loss
    /// infinite, and a class that only the teacher masks the reverse loss. The loss js is finite in both cases if
    /// `beta` is above 0 and below 1.
    ///
    /// Papers: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, which uses temperatures from 1 to
    /// 20; Agarwal et al., "On-Policy Distillation of Language Models", 2024 (GKD), which compares the directions. TRL's
    /// `generalized_jsd_loss` has the same directions without the factor T². See also: [`KlDiv`](crate::KlDiv), from
    /// log-probabilities.
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
    fn mixture(&self) -> Option<f64> {
        match self.direction {
            DistillationDirection::Forward => None,
            DistillationDirection::Reverse => Some(1.0),
            // β = 0 is the forward divergence, which is faster without a mixture
            DistillationDirection::Js if self.beta == 0.0 => None,
            DistillationDirection::Js => Some(self.beta.into()),
        }
    }
    fn cap(&self) -> Option<f64> {
        self.softcap.map(f64::from)
    }
    fn score(&self, divergence: f64) -> DivergenceScore {
        DivergenceScore { loss: divergence, d: 1.0 }
    }
}
