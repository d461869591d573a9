//! Supervised contrastive loss: rows with equal labels belong together.

use crate::leaf::{EqualLabels, RowScore, Similarity, SimilaritySettings, SimilarityStatistics};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Supervised contrastive loss: for each row the mean of `−log p_j` over the other rows `j` with its label, where
    /// `p` is the softmax of `f̂ᵢ·f̂ⱼ/temperature` over all other rows and `f̂ = f/‖f‖`.
    ///
    /// `features` holds floats `[N, D]`. `labels` are integers `[N]` (`i32`, `u32`, `u8` or `i64`) of any value. With
    /// the reduction `none` the result is `[N]`. A row without another of its label has the value 0, and a mean leaves
    /// it out. Gradients: `features`, `anchors`.
    ///
    /// For a shard of a batch, [`Extra::Anchors`], `[n, D]`, are the rows of `features` that belong to the shard, and
    /// [`Term::rows_from`] says where they begin. Each anchor is compared with all other rows of `features`, and the
    /// unreduced loss then has `n` values. A row has a gradient as an anchor, in `anchors`, and one as a row that
    /// anchors are compared with, in `features`. Its whole gradient is the sum of these over all shards.
    ///
    /// This is the paper's L_out without its factor of the base temperature. NT-Xent (SimCLR) is this loss for two
    /// views of a batch of B, one after the other: N is 2·B, and row i has the label `i mod B`.
    ///
    /// A GPU stores no more of the N×N scores than a block of bounded size: it folds tiles of them into each row's
    /// softmax, and computes them again for the gradients. `−log p` is `(max − x) + log1p(Σ' exp(x − max))`, where the
    /// sum `Σ'` leaves out the maximum, so that small losses keep their digits. A norm below 1e-8 counts as 1e-8; a row
    /// of zeros has the cosine 0 with every row, and its gradient is 0. A row with an infinite element counts as NaN; on
    /// a GPU, so does one whose norm exceeds 8e37.
    ///
    /// Papers: Khosla et al., "Supervised Contrastive Learning", 2020, which recommends a temperature of 0.1; Chen et
    /// al., "A Simple Framework for Contrastive Learning of Visual Representations" (SimCLR), 2020. See also:
    /// [`InfoNce`](crate::InfoNce), with two tensors and one positive.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, SupCon, cpu};
    /// let features = Array::new(&[1.0f32, 0.0, 1.0, 0.0, 0.0, 1.0], [3, 2])?;
    /// let labels = Array::new(&[7i32, 7, 9], [3])?;
    /// // rows 0 and 1 have a cosine of 1 with each other, and 0 with row 2; row 2 is left out
    /// let loss = SupCon { temperature: 1.0 }.of(&features, &labels);
    /// assert!((cpu::value(&loss)?.loss()? - (1.0 + (-1f64).exp()).ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct SupCon of (features, labels) as Similarity {
        /// The temperature, by which cosines are divided.
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
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/similarity/sup_con"),
    default: || Box::new(SupCon::default()),
};

impl Similarity for SupCon {
    fn settings(&self) -> SimilaritySettings {
        let scale = 1.0 / f64::from(self.temperature);
        SimilaritySettings {
            scale,
            normalize: true,
            symmetric: false,
            pairwise: false,
            equal_labels: EqualLabels::Positive,
        }
    }
    fn row(&self, row: SimilarityStatistics) -> RowScore {
        match row.similar {
            0.0 => RowScore::default(),
            similar => RowScore { loss: row.surprise / similar, d: 1.0 / similar },
        }
    }
}
