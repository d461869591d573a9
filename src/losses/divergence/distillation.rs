//! Knowledge distillation.

use crate::leaf::{Divergence, DivergenceScore};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::Role;

choice! {
    /// Which divergence a distillation takes, of `t`, the teacher's softmax, and `s`, the student's.
    pub enum DistillationDirection {
        /// `KL(t ‖ s)`: the student has to cover all that the teacher finds likely.
        Forward = "forward",
        /// `KL(s ‖ t)`: the student may keep to what the teacher finds likeliest.
        Reverse = "reverse",
        /// `β·KL(t ‖ m) + (1 − β)·KL(s ‖ m)` with the mixture `m = β·t + (1 − β)·s`: the generalised Jensen-Shannon
        /// divergence.
        Js = "js",
    }
}

loss! {
    /// Distillation: `T²·KL(softmax(teacher/T) ‖ softmax(student/T))` for each position, or another divergence of the two.
    ///
    /// `student` and `teacher` hold logits, floats `[N, C]` or `[N, C, d1, ..., dk]`, or with the class axis last, of
    /// one shape. `none` is `[N, d1, ..., dk]`. [`Extra::Mask`], of the shape of `none`, leaves out each position where
    /// it is 0. `mean` divides by the number of kept positions, `batch_mean` by `N`: the two are equal for `[N, C]`
    /// without a mask. Gradients: `student`.
    ///
    /// `T²` keeps the gradient's size at every temperature, whatever the direction. For high temperatures the forward and
    /// the reverse loss tend to half the variance, over the classes, of the difference of the logits.
    ///
    /// The divergence is summed over the classes in a form in which no term is negative and none is a difference of
    /// logs of sums. So a student close to the teacher keeps the digits of a small loss. A logit of `−∞` masks its
    /// class: one that both mask costs nothing. One that only the student masks is an infinite forward loss, one that
    /// only the teacher masks an infinite reverse loss; between 0 and 1, `beta` makes both finite.
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
        /// The temperature T, a number that both logits are divided by. The higher it is, the more do improbable
        /// classes count.
        pub temperature: f32 = 1.0, Range::Above(0.0);
        /// Which divergence to take.
        pub direction: DistillationDirection = DistillationDirection::Forward, Range::Any;
        /// The share β of the teacher in the mixture of the direction js; the others ignore it. 0 is the forward
        /// direction, and 1 the reverse one.
        pub beta: f32 = 0.5, Range::Within(0.0, 1.0);
        /// The bound c of a soft cap in units of the logits: the student's and the teacher's become `c·tanh(x/c)` before anything else, which Gemma 2
        /// does with 30. `None` leaves them as they are.
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
            // as fast as the forward direction, which it is
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
