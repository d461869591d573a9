//! The noise regression loss of diffusion models.

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
    /// How the items of a diffusion loss are weighted.
    pub enum SnrWeighting {
        /// All alike.
        None = "none",
        /// By the signal-to-noise ratio, cut off at gamma.
        MinSnr = "min_snr",
    }
}

crate::loss! {
    /// The diffusion loss: for each item, the mean squared error against the target that the prediction type names, times
    /// the item's weight.
    ///
    /// `prediction` and `noise` are `[N, ...]`, `timesteps` are integers `[N]` that index `alphas_cumprod` `[T]`, the ᾱ of
    /// the noise schedule; [`Extra::Sample`], the clean sample of the prediction's shape, is needed for `v_prediction` and
    /// `sample`. The target is built inside the kernel. `none` is `[N]`.
    ///
    /// Under `min_snr`, with `snr = ᾱ/(1 − ᾱ)`, the weights are `min(snr, γ)/snr` for `epsilon`, `min(snr, γ)/(snr + 1)`
    /// for `v_prediction` and `min(snr, γ)` for `sample`. They are computed as `min(1, γ(1 − ᾱ)/ᾱ)`, `min(ᾱ, γ(1 − ᾱ))` and
    /// `min(ᾱ/(1 − ᾱ), γ)`, which stay finite at ᾱ of 0 and 1.
    ///
    /// A timestep outside the table is refused as [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange).
    ///
    /// Papers: Ho et al., "Denoising Diffusion Probabilistic Models", 2020; Salimans & Ho, 2022, for v-prediction; Hang et
    /// al., "Efficient Diffusion Training via Min-SNR Weighting Strategy", 2023. Neighbours: [`Mse`](crate::Mse).
    ///
    /// [`Extra::Sample`]: crate::Extra::Sample
    pub struct Diffusion of (prediction, noise, timesteps, alphas_cumprod) as Pointwise {
        /// What the model predicts.
        pub prediction_type: PredictionType = PredictionType::Epsilon, Range::Any;
        /// How items are weighted.
        pub weighting: SnrWeighting = SnrWeighting::None, Range::Any;
        /// Where `min_snr` cuts the signal-to-noise ratio off.
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
    /// The factors of noise and sample in the target, and the item's weight.
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
        // a factor of 0 leaves its operand out, infinite or not
        let share = |factor: f64, v: f64| if factor == 0.0 { 0.0 } else { factor * v };
        let d = x - (share(by_noise, noise) + share(by_sample, sample));
        ElementScore { loss: weight * d * d, d: [2.0 * weight * d, 0.0, 0.0, 0.0] }
    }

    fn needs(&self) -> Option<(&'static str, &'static str)> {
        (self.prediction_type != PredictionType::Epsilon).then_some(("sample", "prediction_type"))
    }
}
