//! The sigmoid loss of image and text pairs.

use crate::leaf::{PairScore, Similarity, SimilaritySettings};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Sigmoid loss of pairs: `Σⱼ −log σ(±(s·cos(imageᵢ, textⱼ) + b))` for each image, `+` for its own text, `−` for others.
    ///
    /// `image` and `text` are `[N, D]`, row `i` of one belonging to row `i` of the other. `logit_scale` `s` and `logit_bias`
    /// `b` are `[1]` and taken as they are: no exponential. `none` is `[N]`, the sums over each image's pairs; a mean divides
    /// by `N`. All four have gradients.
    ///
    /// A shard of a batch is `image` `[n, D]` against all texts under [`Term::rows_from`](crate::Term::rows_from).
    ///
    /// The N×N scores are never held: they are computed in tiles, and again in blocks of bounded size for the gradients.
    /// `−log σ(z)` is `softplus(−z)`, without overflow. A norm counts as at least 1e-8; a row of zeros has a cosine of 0 with
    /// every other and gets a gradient of 0. A row that holds an infinity counts as one of NaN.
    ///
    /// Paper: Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023. Neighbours: [`InfoNce`](crate::InfoNce),
    /// where pairs compete.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) where image and text differ in shape, and for a
    /// shard that reaches beyond the texts;
    /// [`Error::TooLarge`](crate::Error::TooLarge) on a GPU where the blocks do not fit the workspace bound, need more than
    /// 16,384 dispatches, or rows have more than 32,768 elements; on the CPU where the pairs need more than its
    /// [memory bound](crate::cpu::set_memory_bound).
    pub struct Siglip of (image, text, logit_scale, logit_bias) as Similarity {}
}

static HEADER: Header = Header {
    id: "siglip",
    title: "every pair of an image and a text by itself",
    operands: &[
        OperandSpec::new("image", Role::Rows).differentiable(),
        OperandSpec::new("text", Role::Rows).differentiable(),
        OperandSpec::new("logit_scale", Role::Scale).differentiable().holding(Domain::Positive),
        OperandSpec::new("logit_bias", Role::Shift).differentiable(),
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/similarity/siglip"),
    default: || Box::new(Siglip::default()),
};

impl Similarity for Siglip {
    fn settings(&self) -> SimilaritySettings {
        SimilaritySettings { scale: 1.0, normalize: true, symmetric: false, pairwise: true }
    }
    fn pair(&self, z: f64, similar: bool) -> PairScore {
        match similar {
            true => PairScore { loss: softplus(-z), d: -sigmoid(-z) },
            false => PairScore { loss: softplus(z), d: sigmoid(z) },
        }
    }
}
