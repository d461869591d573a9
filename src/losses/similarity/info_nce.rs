//! InfoNCE: each query has to find its key among all.

use crate::leaf::{RowScore, Similarity, SimilaritySettings, SimilarityStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// InfoNCE: `−log softmax(s·q̂ᵢ·k̂)ᵢ` for each query, over all keys and negatives, `q̂ = q/‖q‖`.
    ///
    /// `query` and `key` are `[N, D]`: key `i` is query `i`'s positive, all other keys are its negatives, and so are the rows
    /// of [`Extra::Negatives`], `[M, D]`. `s` is `1/temperature`, or as it is [`Extra::LogitScale`], `[1]`, in whose place no
    /// exponential is taken. `none` is `[N]`. All of them have gradients.
    ///
    /// `symmetric` takes the mean with the same loss from the keys to the queries, into which negatives do not enter: CLIP's.
    /// Multiple Negatives Ranking is a temperature of 1/20.
    ///
    /// A shard of a batch is `query` `[n, D]` against all keys under [`Term::rows_from`](crate::Term::rows_from).
    ///
    /// The N×N scores are never held: they are computed in tiles, folded into each row's softmax, and computed again in
    /// blocks of bounded size for the gradients. The loss of a query that has found its key keeps its digits, since
    /// `−log p = (max − x) + log1p(Σ' exp(x − max))`, the sum leaving the maximum out. A norm counts as at least 1e-8; a row
    /// of zeros scores 0 with every other and gets a gradient of 0. A row that holds an infinity counts as one of NaN.
    ///
    /// Papers: van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018; Radford et al.,
    /// "Learning Transferable Visual Models From Natural Language Supervision", 2021. Neighbours:
    /// [`Siglip`](crate::Siglip), of pairs by themselves; [`SupCon`](crate::SupCon), of several positives.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for rows of different widths, for other than one key a
    /// query, and for a shard that reaches beyond the keys;
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for a shard that is `symmetric`: it has one direction;
    /// [`Error::TooLarge`](crate::Error::TooLarge) on a GPU where the blocks do not fit the workspace bound, need more than
    /// 16,384 dispatches, or rows have more than 32,768 elements; on the CPU where the pairs need more than its
    /// [memory bound](crate::cpu::set_memory_bound).
    ///
    /// [`Extra::Negatives`]: crate::Extra::Negatives
    /// [`Extra::LogitScale`]: crate::Extra::LogitScale
    pub struct InfoNce of (query, key) as Similarity {
        /// What products are divided by.
        pub temperature: f32 = 0.07, Range::Above(0.0);
        /// Whether rows are divided by their norms.
        pub normalize: bool = true, Range::Any;
        /// Whether the loss is the mean over both directions.
        pub symmetric: bool = false, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "info_nce",
    title: "each query against all keys",
    operands: &[
        OperandSpec::new("query", Role::Rows).differentiable(),
        OperandSpec::new("key", Role::Rows).differentiable(),
        OperandSpec::new("negatives", Role::MoreRows).differentiable().optional(),
        OperandSpec::new("logit_scale", Role::Scale).differentiable().optional().holding(Domain::Positive),
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/similarity/info_nce"),
    default: || Box::new(InfoNce::default()),
};

impl Similarity for InfoNce {
    fn settings(&self) -> SimilaritySettings {
        SimilaritySettings {
            scale: 1.0 / f64::from(self.temperature),
            normalize: self.normalize,
            symmetric: self.symmetric,
            pairwise: false,
        }
    }
    fn row(&self, row: SimilarityStatistics) -> RowScore {
        RowScore { loss: row.surprise, d: 1.0 }
    }
}
