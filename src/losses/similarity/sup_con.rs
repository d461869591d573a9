//! Supervised contrastive loss: rows of equal labels belong together.

use crate::leaf::{RowScore, Similarity, SimilaritySettings, SimilarityStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Supervised contrastive loss: for each row the mean of `−log p` over the others of its label, `p` a softmax of
    /// `f̂ᵢ·f̂ⱼ/temperature` over all rows but itself.
    ///
    /// `features` is `[N, D]`, divided by their norms; `labels` are integers of any value, `[N]`. `none` is `[N]`: a row
    /// whose label no other has is 0 there, and left out of the mean. This is Khosla et al.'s L_out, without a factor of the
    /// base temperature; NT-Xent (SimCLR) is two views of a batch one after the other, with labels `i mod N`.
    ///
    /// A shard of a batch is [`Extra::Anchors`](crate::Extra::Anchors), `[n, D]`: the rows of `features` that have values, from
    /// [`Term::rows_from`](crate::Term::rows_from) or the first on, against all. Its gradient is that of the row's own softmax,
    /// the one of `features` that of what it is compared with: a row's whole gradient is the sum of both over all shards.
    ///
    /// The N×N scores are never held: they are computed in tiles, folded into each row's softmax, and computed again in
    /// blocks of bounded size for the gradients. `−log p` is `(max − x) + log1p(Σ' exp(x − max))`, the sum leaving the
    /// maximum out, so that small losses keep their digits. A norm counts as at least 1e-8; a row of zeros has a cosine of 0
    /// with every other and gets a gradient of 0. A row that holds an infinity counts as one of NaN.
    ///
    /// Papers: Khosla et al., "Supervised Contrastive Learning", 2020; Chen et al., "A Simple Framework for Contrastive
    /// Learning of Visual Representations", 2020. Neighbours: [`InfoNce`](crate::InfoNce), of two tensors and one positive.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) where there is not one label a row, and for anchors
    /// that reach beyond the features; [`Error::InvalidOption`](crate::Error::InvalidOption) for a first row without anchors;
    /// [`Error::TooLarge`](crate::Error::TooLarge) on a GPU where the blocks do not fit the workspace bound, need more than
    /// 16,384 dispatches, or rows have more than 32,768 elements; on the CPU where the pairs need more than its
    /// [memory bound](crate::cpu::set_memory_bound).
    pub struct SupCon of (features, labels) as Similarity {
        /// What cosines are divided by.
        pub temperature: f32 = 0.1, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "sup_con",
    title: "rows of a label against all rows",
    operands: &[
        OperandSpec::new("features", Role::Rows).differentiable(),
        OperandSpec::new("labels", Role::RowLabels),
        OperandSpec::new("anchors", Role::Anchors).differentiable().optional(),
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/similarity/sup_con"),
    default: || Box::new(SupCon::default()),
};

impl Similarity for SupCon {
    fn settings(&self) -> SimilaritySettings {
        let scale = 1.0 / f64::from(self.temperature);
        SimilaritySettings { scale, normalize: true, symmetric: false, pairwise: false }
    }
    fn row(&self, row: SimilarityStatistics) -> RowScore {
        match row.similar {
            0.0 => RowScore::default(),
            similar => RowScore { loss: row.surprise / similar, d: 1.0 / similar },
        }
    }
}
