//! The optional operands of all losses, by name.

/// An optional operand, for [`Term::with`](crate::Term::with).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extra {
    /// A factor for each value, or for each class.
    Weight,
    /// Zero leaves a value out, whatever the other operands hold there; any other number keeps it.
    Mask,
    /// The weight of the positive answers, for each class.
    PosWeight,
    /// The weight of each class, as the focal loss calls it.
    Alpha,
    /// How much better the chosen answer of a pair is rated.
    Margin,
    /// The clean sample of a diffusion loss.
    Sample,
    /// More rows that each row is compared with. They belong together with no row.
    Negatives,
    /// The factor of the scores, not exponentiated.
    LogitScale,
    /// A number for each class, added to the products with its row.
    Bias,
    /// The rows of one shard of the batch, where another operand holds the whole batch.
    Anchors,
}

impl Extra {
    /// The operand's name.
    pub const fn name(self) -> &'static str {
        match self {
            Extra::Weight => "weight",
            Extra::Mask => "mask",
            Extra::PosWeight => "pos_weight",
            Extra::Alpha => "alpha",
            Extra::Margin => "margin",
            Extra::Sample => "sample",
            Extra::Negatives => "negatives",
            Extra::LogitScale => "logit_scale",
            Extra::Bias => "bias",
            Extra::Anchors => "anchors",
        }
    }
}
