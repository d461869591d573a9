//! The optional operands of all losses, by name.

/// Calls a macro with the list of the optional operands: for each its documentation, its variant of [`Extra`], and its name.
macro_rules! each_extra {
    ($make:ident) => {
        $make! {
            /// A factor for each value, or for each class. In a loss of elements it may have any shape that broadcasts to the
            /// elements' shape by trailing axes, such as `[C]` or `[C, 1, 1]`.
            Weight weight,
            /// A factor for each value of the unreduced loss, whatever the loss; in a loss of elements, `[N, ...]`, it
            /// may also be one for each item, `[N]`. The factor also multiplies each value's part in the denominator of a
            /// mean.
            SampleWeight sample_weight,
            /// Zero or `false` leaves a value out, whatever the other operands hold there; any other number keeps it. It may
            /// hold floats, integers or `bool`.
            Mask mask,
            /// The weight of targets of 1, for each class. It may have any shape that broadcasts to the prediction's
            /// by trailing axes: `[C]` is along the last axis, `[C, 1, 1]` a weight for each channel of NCHW.
            PosWeight pos_weight,
            /// The weight of each class, as the focal loss calls it.
            Alpha alpha,
            /// The weight of each class of a linear layer, whose weights are an operand of their own.
            ClassWeight class_weight,
            /// How much better the chosen answer of a pair is rated.
            Margin margin,
            /// The clean sample of a diffusion loss.
            Sample sample,
            /// The noise levels of a schedule, for a diffusion loss of flow matching.
            Sigmas sigmas,
            /// The entropy of the policy's distribution, for a policy loss.
            Entropy entropy,
            /// The log-ratios `policy − reference` of prompts that are paired with the answers to other prompts. A policy
            /// loss estimates a KL divergence from them.
            Kl kl,
            /// More rows that each row is compared with. They belong together with no row.
            Negatives negatives,
            /// The factor of the scores itself, not its logarithm.
            LogitScale logit_scale,
            /// A number for each class, added to the products with the row of the class.
            Bias bias,
            /// Labels of the rows of a loss of all pairs. The loss says how rows with equal labels are compared.
            Labels labels,
            /// The rows of one shard of the batch, where another operand holds the whole batch.
            Anchors anchors,
        }
    };
}
pub(super) use each_extra;

macro_rules! declare {
    ($($(#[$doc:meta])* $variant:ident $name:ident,)+) => {
        /// An optional operand, for [`Term::with`](crate::Term::with). A term also has a method for each, such as
        /// [`Term::mask`](crate::Term::mask).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Extra {
            $($(#[$doc])* $variant,)+
        }

        impl Extra {
            /// Every optional operand.
            pub const ALL: &[Extra] = &[$(Extra::$variant),+];

            /// The operand's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Extra::$variant => stringify!($name),)+
                }
            }
        }
    };
}

each_extra!(declare);
