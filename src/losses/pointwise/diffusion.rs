//! The regression loss of diffusion models.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// The quantity that a diffusion model predicts.
    pub enum PredictionType {
        /// The noise that was added.
        Epsilon = "epsilon",
        /// The velocity `√ᾱ·noise − √(1−ᾱ)·sample`.
        VPrediction = "v_prediction",
        /// The clean sample.
        Sample = "sample",
        /// The velocity of a straight flow from the sample to the noise, `noise − sample`.
        Flow = "flow",
    }
}

choice! {
    /// How a diffusion loss weights its items. The weights by the signal-to-noise ratio are those for the prediction
    /// type `sample`; [`Diffusion`] has the formulas for the others.
    pub enum SnrWeighting {
        /// All items have the weight 1.
        None = "none",
        /// By the signal-to-noise ratio, with `gamma` as its upper bound.
        MinSnr = "min_snr",
        /// By the signal-to-noise ratio.
        Snr = "snr",
        /// By the signal-to-noise ratio, with 1 as its lower bound.
        TruncatedSnr = "truncated_snr",
        /// By a smooth minimum of the signal-to-noise ratio and `gamma`.
        SoftMinSnr = "soft_min_snr",
        /// By `1/σ²` with the noise level σ, for a flow.
        InverseSigmaSquared = "inverse_sigma_squared",
    }
}

choice! {
    /// The error as a function of the difference d between prediction and target.
    pub enum DiffusionError {
        /// `d²`.
        Squared = "squared",
        /// `d²/2` where `|d|` is at most c, `c·(|d| − c/2)` elsewhere.
        Huber = "huber",
        /// `2c·(√(d² + c²) − c)`.
        PseudoHuber = "pseudo_huber",
    }
}

loss! {
    /// Diffusion loss: for each item the mean squared error between `prediction` and the target that `prediction_type`
    /// names, times the item's weight.
    ///
    /// `prediction` and `noise` are floats `[N, ...]`. `timesteps` are integers `[N]` (`i32`, `u32`, `u8` or `i64`),
    /// which index `alphas_cumprod`, floats `[T]`, the noise schedule's ᾱ. [`Extra::Sample`] is the clean sample, of
    /// the prediction's shape; `v_prediction`, `sample` and `flow` need it. The kernel builds the target. With the
    /// reduction `none` the result is `[N]`. Gradients: `prediction`.
    ///
    /// A `flow` takes [`Extra::Sigmas`], floats `[T]`, in place of `alphas_cumprod`: the noise levels σ of its
    /// schedule, where the model's input is `(1 − σ)·sample + σ·noise`. Give them as the last operand of `of`. The
    /// weighting of a flow is `none` or `inverse_sigma_squared`, which is `1/σ²`; other prediction types do not take
    /// the latter.
    ///
    /// With `snr = ᾱ/(1 − ᾱ)`, the weights for `sample` are `min(snr, γ)` for `min_snr`, `snr`, `max(snr, 1)` for
    /// `truncated_snr`, and `snr·γ/(snr + γ)` for `soft_min_snr`. For `epsilon` they are divided by `snr`, for
    /// `v_prediction` by `snr + 1`. The weights are computed from ᾱ and 1 − ᾱ, for example as `min(1, γ(1 − ᾱ)/ᾱ)`, so
    /// that at an ᾱ of 0 or 1 they have their limits.
    ///
    /// `pseudo_huber` is computed as `2c·d²/(√(d² + c²) + c)`, which keeps the digits of small differences.
    ///
    /// A timestep outside `0..T` gives [`Error::LabelOutOfRange`]. A prediction type that needs the sample or the noise
    /// levels gives [`Error::InvalidOption`] without them, and so does a weighting that the prediction type does not
    /// take.
    ///
    /// Papers: Ho et al., "Denoising Diffusion Probabilistic Models", 2020; Salimans and Ho, "Progressive Distillation
    /// for Fast Sampling of Diffusion Models", 2022, for `v_prediction` and `truncated_snr`; Hang et al., "Efficient
    /// Diffusion Training via Min-SNR Weighting Strategy", 2023, which recommends `min_snr` with γ = 5; Crowson et al.,
    /// "Scalable High-Resolution Pixel-Space Image Synthesis with Hourglass Diffusion Transformers", 2024, for
    /// `soft_min_snr`; Song and Dhariwal, "Improved Techniques for Training Consistency Models", 2023, for
    /// `pseudo_huber`; Esser et al., "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis", 2024,
    /// for `flow`, whose weightings are those of `compute_loss_weighting_for_sd3` in Diffusers. See also:
    /// [`Mse`](crate::Mse).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Diffusion, SnrWeighting, cpu};
    /// let prediction = Array::new(&[1.0f32, 2.0], [1, 2])?;
    /// let noise = Array::new(&[1.0f32, 0.0], [1, 2])?;
    /// let (timesteps, alphas) = (Array::new(&[0i32], [1])?, Array::new(&[0.9375f32], [1])?);
    /// let loss = Diffusion { weighting: SnrWeighting::MinSnr, gamma: 5.0, ..Default::default() };
    /// // the squared error is 2; snr = 0.9375 / 0.0625 = 15, so the weight is 5 / 15
    /// let value = cpu::value(&loss.of(&prediction, &noise, &timesteps, &alphas))?.loss()?;
    /// assert!((value - 2.0 * 5.0 / 15.0).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Diffusion of (prediction, noise, timesteps, alphas_cumprod) as Pointwise {
        /// The quantity that the model predicts.
        pub prediction_type: PredictionType = PredictionType::Epsilon, Range::Any;
        /// How items are weighted.
        pub weighting: SnrWeighting = SnrWeighting::None, Range::Any;
        /// The bound γ of the signal-to-noise ratio: `min_snr` takes the minimum of the two, `soft_min_snr` a smooth
        /// minimum.
        pub gamma: f32 = 5.0, Range::AtLeast(0.0);
        /// The error as a function of the difference between prediction and target.
        pub error: DiffusionError = DiffusionError::Squared, Range::Any;
        /// The difference c at which `huber` and `pseudo_huber` change from a parabola to a line, in units of the
        /// prediction.
        pub huber_c: f32 = 0.1, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "diffusion",
    title: "noise regression of diffusion models",
    operands: &[
        OperandSpec::new("prediction", Role::Element).differentiable(),
        OperandSpec::new("noise", Role::Element),
        OperandSpec::new("sample", Role::Element).optional(),
        OperandSpec::new("timesteps", Role::Index),
        OperandSpec::new("alphas_cumprod", Role::Table).holding(Domain::Probability),
        OperandSpec::new("sigmas", Role::Table).holding(Domain::Positive).optional(),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/diffusion"),
    default: || Box::new(Diffusion::default()),
};

impl Pointwise for Diffusion {
    /// Returns the factors of noise and sample in the target, and the item's weight. `number` is ᾱ, or σ for a flow.
    fn item(&self, number: f64) -> [f64; 3] {
        // −0 counts as 0
        let alpha_bar = number + 0.0;
        let gamma = f64::from(self.gamma);
        let rest = 1.0 - alpha_bar;
        let (noise, sample) = match self.prediction_type {
            PredictionType::Epsilon => (1.0, 0.0),
            PredictionType::VPrediction => (alpha_bar.sqrt(), -rest.sqrt()),
            PredictionType::Sample => (0.0, 1.0),
            PredictionType::Flow => (1.0, -1.0),
        };
        let weight = match (self.weighting, self.prediction_type) {
            (SnrWeighting::InverseSigmaSquared, _) => (number * number).recip(),
            // a flow has no other weighting
            (SnrWeighting::None, _) | (_, PredictionType::Flow) => 1.0,
            (SnrWeighting::MinSnr, PredictionType::Epsilon) if alpha_bar <= gamma * rest => 1.0,
            (SnrWeighting::MinSnr, PredictionType::Epsilon) => gamma * rest / alpha_bar,
            (SnrWeighting::MinSnr, PredictionType::VPrediction) => alpha_bar.min(gamma * rest),
            (SnrWeighting::MinSnr, PredictionType::Sample) if alpha_bar <= gamma * rest => alpha_bar / rest,
            (SnrWeighting::MinSnr, PredictionType::Sample) => gamma,
            (SnrWeighting::Snr, PredictionType::Epsilon) => 1.0,
            (SnrWeighting::Snr, PredictionType::VPrediction) => alpha_bar,
            (SnrWeighting::Snr, PredictionType::Sample) => alpha_bar / rest,
            (SnrWeighting::TruncatedSnr, PredictionType::Epsilon) => alpha_bar.max(rest) / alpha_bar,
            (SnrWeighting::TruncatedSnr, PredictionType::VPrediction) => alpha_bar.max(rest),
            (SnrWeighting::TruncatedSnr, PredictionType::Sample) => alpha_bar.max(rest) / rest,
            (SnrWeighting::SoftMinSnr, _) if gamma == 0.0 => 0.0,
            (SnrWeighting::SoftMinSnr, of) => {
                let share = match of {
                    PredictionType::Epsilon => rest,
                    PredictionType::VPrediction => alpha_bar * rest,
                    PredictionType::Sample | PredictionType::Flow => alpha_bar,
                };
                gamma * share / (alpha_bar + gamma * rest)
            }
        };
        [noise, sample, weight]
    }

    fn score(&self, [x, noise, sample, _]: [f64; 4], [by_noise, by_sample, weight]: [f64; 3]) -> ElementScore {
        // where its factor is 0, an absent or infinite operand does not matter
        let share = |factor: f64, v: f64| if factor == 0.0 { 0.0 } else { factor * v };
        let d = x - (share(by_noise, noise) + share(by_sample, sample));
        let c = f64::from(self.huber_c);
        let (error, slope) = match self.error {
            DiffusionError::Squared => (d * d, 2.0 * d),
            DiffusionError::Huber if d.abs() <= c => (d * d / 2.0, d),
            DiffusionError::Huber => (c * (d.abs() - c / 2.0), c * sign(d)),
            DiffusionError::PseudoHuber => {
                let root = d.hypot(c);
                // √(d² + c²) − c, without a difference that would lose digits
                let excess = if d.is_infinite() { d.abs() } else { d * (d / (root + c)) };
                (2.0 * c * excess, if d.is_infinite() { 2.0 * c * sign(d) } else { 2.0 * c * d / root })
            }
        };
        ElementScore { loss: weight * error, d: [weight * slope, 0.0, 0.0, 0.0] }
    }

    fn needs(&self) -> &'static [(&'static str, &'static str)] {
        match self.prediction_type {
            PredictionType::Epsilon => &[],
            PredictionType::VPrediction | PredictionType::Sample => &[("sample", "prediction_type")],
            PredictionType::Flow => &[("sample", "prediction_type"), ("sigmas", "prediction_type")],
        }
    }

    fn table(&self) -> Option<&'static str> {
        Some(if self.prediction_type == PredictionType::Flow { "sigmas" } else { "alphas_cumprod" })
    }

    fn conflict(&self) -> Option<(&'static str, &'static str)> {
        let inverse = self.weighting == SnrWeighting::InverseSigmaSquared;
        match self.prediction_type {
            PredictionType::Flow if !inverse && self.weighting != SnrWeighting::None => {
                Some(("weighting", "none or inverse_sigma_squared where the prediction type is flow"))
            }
            PredictionType::Epsilon | PredictionType::VPrediction | PredictionType::Sample if inverse => {
                Some((
                    "weighting",
                    "none, min_snr, snr, truncated_snr or soft_min_snr where the prediction type is not flow",
                ))
            }
            _ => None,
        }
    }
}
