//! The sigmoid loss of image and text pairs.

use crate::leaf::{EqualLabels, PairScore, Similarity, SimilaritySettings};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Sigmoid loss of pairs: `Σⱼ −log σ(±(s·cos(imageᵢ, textⱼ) + b))` for each image, `+` for its own text, `−` for
    /// all others.
    ///
    /// `image` and `text` are floats `[N, D]`; row `i` of one belongs to row `i` of the other. `logit_scale` (s) and
    /// `logit_bias` (b) are floats `[1]` or `[]`; they are used as given: the scale is not exponentiated. With the
    /// reduction `none` the result is `[N]`: the sum over each image's pairs. A mean divides by `N`. Gradients:
    /// `image`, `text`, `logit_scale`, `logit_bias`.
    ///
    /// [`Extra::Labels`], integers `[N]` of any value, mark further texts that fit an image: image `i` and text `i`
    /// both have the label at index `i`. Other texts with an image's label are left out; with an `equal_labels` of
    /// `positive` they count like the image's own text.
    ///
    /// For a shard of a batch, `image` is `[n, D]`, `text` has all texts, and [`Term::rows_from`] says where the shard
    /// begins; the unreduced loss then has `n` values.
    ///
    /// A GPU stores no more of the N×N scores than a block of bounded size: it computes them in tiles, and again for
    /// the gradients. `−log σ(z)` is `softplus(−z)`, which does not overflow. A norm below 1e-8 counts as 1e-8; a row
    /// of zeros has the cosine 0 with every row, and its gradient is 0. A row with an infinite element counts as NaN; on
    /// a GPU, so does one whose norm exceeds 8e37.
    ///
    /// Paper: Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023, which starts from a scale of 10 and a
    /// bias of −10. See also: [`InfoNce`](crate::InfoNce), where pairs compete.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Siglip, cpu};
    /// let image = Array::new(&[1.0f32, 0.0], [1, 2])?;
    /// let text = Array::new(&[2.0f32, 0.0], [1, 2])?;
    /// let (scale, bias) = (Array::new(&[10.0f32], [1])?, Array::new(&[-10.0f32], [1])?);
    /// // one pair with a cosine of 1: −log σ(10 − 10)
    /// let loss = cpu::value(&Siglip::default().of(&image, &text, &scale, &bias))?.loss()?;
    /// assert!((loss - 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Siglip of (image, text, logit_scale, logit_bias) as Similarity {
        /// The treatment of other texts with an image's label: `drop` leaves them out, `positive` counts them like the
        /// image's own text. It has no effect without labels.
        pub equal_labels: EqualLabels = EqualLabels::Drop, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "siglip",
    title: "every pair of an image and a text by itself",
    operands: &[
        OperandSpec::new("image", Role::Rows).differentiable(),
        OperandSpec::new("text", Role::Rows).differentiable(),
        OperandSpec::new("logit_scale", Role::Scale).differentiable().holding(Domain::Positive),
        OperandSpec::new("logit_bias", Role::Shift).differentiable(),
        OperandSpec::new("labels", Role::RowLabels).optional(),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/similarity/siglip"),
    default: || Box::new(Siglip::default()),
};

impl Similarity for Siglip {
    fn settings(&self) -> SimilaritySettings {
        SimilaritySettings {
            scale: 1.0,
            normalize: true,
            symmetric: false,
            pairwise: true,
            equal_labels: self.equal_labels,
        }
    }
    fn pair(&self, z: f64, similar: bool) -> PairScore {
        match similar {
            true => PairScore { loss: softplus(-z), d: -sigmoid(-z) },
            false => PairScore { loss: softplus(z), d: sigmoid(z) },
        }
    }
}
