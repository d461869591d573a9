//! The regression loss of diffusion models.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// What a diffusion model predicts.
    pub enum PredictionType {
        /// The noise that was added.
        Epsilon = "epsilon",
        /// The velocity `√ᾱ·noise − √(1−ᾱ)·sample`.
        VPrediction = "v_prediction",
        /// The clean sample.
        Sample = "sample",
    }
}

choice! {
    /// How a diffusion loss weights its items.
    pub enum SnrWeighting {
        /// All items have the weight 1.
        None = "none",
        /// By the signal-to-noise ratio, which counts as `gamma` at most.
        MinSnr = "min_snr",
    }
}

loss! {
    /// Diffusion loss: for each item the mean squared error between `prediction` and the target that `prediction_type`
    /// names, times the item's weight.
    ///
    /// `prediction` and `noise` are floats `[N, ...]`. `timesteps` are integers `[N]` (`i32`, `u32`, `u8` or `i64`),
    /// the places in `alphas_cumprod`, floats `[T]`, which is the noise schedule's ᾱ. [`Extra::Sample`] is the clean
    /// sample, of the prediction's shape; `v_prediction` and `sample` need it. The kernel builds the target. `none` is
    /// `[N]`. Gradients: `prediction`.
    ///
    /// With `snr = ᾱ/(1 − ᾱ)`, the weights of `min_snr` are `min(snr, γ)/snr` for `epsilon`, `min(snr, γ)/(snr + 1)`
    /// for `v_prediction`, and `min(snr, γ)` for `sample`. They are computed as `min(1, γ(1 − ᾱ)/ᾱ)`,
    /// `min(ᾱ, γ(1 − ᾱ))` and `min(ᾱ/(1 − ᾱ), γ)`, which are finite for ᾱ of 0 and 1.
    ///
    /// A timestep outside `0..T` gives [`Error::LabelOutOfRange`]. A prediction type that needs the sample, without it,
    /// gives [`Error::InvalidOption`].
    ///
    /// Papers: Ho et al., "Denoising Diffusion Probabilistic Models", 2020; Salimans and Ho, "Progressive Distillation
    /// for Fast Sampling of Diffusion Models", 2022, for `v_prediction`; Hang et al., "Efficient Diffusion Training via
    /// Min-SNR Weighting Strategy", 2023, which recommends `min_snr` with γ = 5. See also: [`Mse`](crate::Mse).
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
        /// What the model predicts.
        pub prediction_type: PredictionType = PredictionType::Epsilon, Range::Any;
        /// How items are weighted.
        pub weighting: SnrWeighting = SnrWeighting::None, Range::Any;
        /// γ: the greatest signal-to-noise ratio that `min_snr` counts.
        pub gamma: f32 = 5.0, Range::AtLeast(0.0);
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
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/diffusion"),
    default: || Box::new(Diffusion::default()),
};

impl Pointwise for Diffusion {
    /// Gives the factors of noise and sample in the target, and the item's weight.
    fn item(&self, alpha_bar: f64) -> [f64; 3] {
        let gamma = f64::from(self.gamma);
        let rest = 1.0 - alpha_bar;
        let (noise, sample) = match self.prediction_type {
            PredictionType::Epsilon => (1.0, 0.0),
            PredictionType::VPrediction => (alpha_bar.sqrt(), -rest.sqrt()),
            PredictionType::Sample => (0.0, 1.0),
        };
        let weight = match (self.weighting, self.prediction_type) {
            (SnrWeighting::None, _) => 1.0,
            (_, PredictionType::Epsilon) if alpha_bar <= gamma * rest => 1.0,
            (_, PredictionType::Epsilon) => gamma * rest / alpha_bar,
            (_, PredictionType::VPrediction) => alpha_bar.min(gamma * rest),
            (_, PredictionType::Sample) if alpha_bar <= gamma * rest => alpha_bar / rest,
            (_, PredictionType::Sample) => gamma,
        };
        [noise, sample, weight]
    }

    fn score(&self, [x, noise, sample, _]: [f64; 4], [by_noise, by_sample, weight]: [f64; 3]) -> ElementScore {
        // a sample that is absent or infinite does not matter where its factor is 0
        let share = |factor: f64, v: f64| if factor == 0.0 { 0.0 } else { factor * v };
        let d = x - (share(by_noise, noise) + share(by_sample, sample));
        ElementScore { loss: weight * d * d, d: [2.0 * weight * d, 0.0, 0.0, 0.0] }
    }

    fn needs(&self) -> Option<(&'static str, &'static str)> {
        (self.prediction_type != PredictionType::Epsilon).then_some(("sample", "prediction_type"))
    }
}
