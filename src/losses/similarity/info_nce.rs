//! InfoNCE: each query has to match its key among all keys.

use crate::leaf::{EqualLabels, RowScore, Similarity, SimilaritySettings, SimilarityStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// InfoNCE: `−log p_i` for each query `i`, with the softmax `p` of `s·q̂ᵢ·k̂ⱼ` over all keys and negatives `j`,
    /// where `q̂ = q/‖q‖`.
    ///
    /// `query` and `key` are floats `[N, D]`. Key `i` is the positive of query `i`; all other keys are its negatives.
    /// [`Extra::Negatives`], `[M, D]`, are negatives of every query. [`Extra::LogitScale`], `[1]` or `[]`, is the scale
    /// `s`, which is used as given, not exponentiated; without it `s` is `1/temperature`. With the reduction `none` the
    /// result is `[N]`. Gradients: `query`, `key`, `negatives`, `logit_scale`.
    ///
    /// [`Extra::Labels`], integers `[N]` of any value, mark further keys that fit a query: query `i` and key `i` both
    /// have the label at index `i`. Other keys, and negatives, with a query's label are left out of its softmax; with
    /// an `equal_labels` of `positive` they are positives too, and the loss is the mean of `−log p` over all positives.
    /// Labels `[N + M]` are those of the keys, then those of the negatives; with labels `[N]`, no negative has a label.
    /// A shard takes the labels of all keys.
    ///
    /// `symmetric` takes the mean of this loss and the loss from keys to queries, which has no negatives: CLIP's loss.
    /// For a shard of a batch, `query` is `[n, D]`, `key` has all keys, and [`Term::rows_from`] says where the shard
    /// begins; the unreduced loss then has `n` values. With [`Term::keys_from`], the keys come in shards too.
    ///
    /// A GPU stores no more of the N×N scores than a block of bounded size: it folds tiles of them into each row's
    /// softmax, and computes them again for the gradients. `−log p` is `(max − x) + log1p(Σ' exp(x − max))`, where the
    /// sum `Σ'` leaves out the maximum, so that the small loss of a query that matches its key keeps its digits. With
    /// `normalize`, a norm below 1e-8 counts as 1e-8, and a row of zeros has the score 0 with every row and a gradient
    /// of 0. A row with an infinite element counts as NaN; on a GPU, so does one whose norm exceeds 8e37.
    ///
    /// Papers: van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018; Radford et al.,
    /// "Learning Transferable Visual Models From Natural Language Supervision" (CLIP), 2021, which starts from a
    /// temperature of 0.07. Multiple Negatives Ranking of sentence-transformers has a temperature of 1/20. See also:
    /// [`Siglip`](crate::Siglip), where pairs do not compete; [`SupCon`](crate::SupCon), with several positives.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, InfoNce, cpu};
    /// let query = Array::new(&[1.0f32, 0.0, 0.0, 1.0], [2, 2])?;
    /// let key = Array::new(&[2.0f32, 0.0, 0.0, 3.0], [2, 2])?;
    /// // the right key has the score 1, the other 0: −log(e/(e + 1))
    /// let loss = InfoNce { temperature: 1.0, ..Default::default() }.of(&query, &key);
    /// assert!((cpu::value(&loss)?.loss()? - (1.0 + (-1f64).exp()).ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct InfoNce of (query, key) as Similarity {
        /// The temperature, by which products are divided. It has no effect where `logit_scale` is given.
        pub temperature: f32 = 0.07, Range::Above(0.0);
        /// Whether queries and keys are divided by their norms.
        pub normalize: bool = true, Range::Any;
        /// Whether the loss is the mean of both directions, from queries to keys and from keys to queries.
        pub symmetric: bool = false, Range::Any;
        /// What happens to other keys, and to negatives, with a query's label: `drop` leaves them out, `positive` makes
        /// them positives. It has no effect without labels.
        pub equal_labels: EqualLabels = EqualLabels::Drop, Range::Any;
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
        OperandSpec::new("labels", Role::RowLabels).optional(),
        OperandSpec::SAMPLE_WEIGHT,
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
            equal_labels: self.equal_labels,
        }
    }
    fn row(&self, row: SimilarityStatistics) -> RowScore {
        // the mean over the positives: one, or several where keys share a label
        RowScore { loss: row.surprise / row.similar, d: 1.0 / row.similar }
    }
}
