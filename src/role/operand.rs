//! An operand's meaning to a loss, which decides its shape and dtype; and the values it holds.

/// Declares the roles, and keeps the text of each role's documentation for [`Role::doc`].
macro_rules! roles {
    ($(#[$doc:meta])* pub enum Role { $($(#[doc = $role_doc:literal])+ $role:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Role { $($(#[doc = $role_doc])+ $role,)+ }

        impl Role {
            /// The text of the documentation about an operand of this role.
            pub const fn doc(self) -> &'static str {
                match self { $(Role::$role => concat!($($role_doc),+),)+ }
            }
        }
    };
}

roles! {
    /// An operand's meaning to a loss.
    pub enum Role {
        /// A float for each element, of the prediction's shape.
        Element,
        /// A float for each element of the last axis, or floats of another shape that broadcasts to the prediction's.
        Column,
        /// A float for each row: of the prediction's shape without its last axis.
        Row,
        /// A prediction with a class axis, `[N, C, ...]`.
        Classes,
        /// A target with one label for each position, or one float for each element of the prediction.
        Target,
        /// A target with one label for each position.
        Labels,
        /// One float for each element of a prediction that has a class axis.
        Dense,
        /// A float for each class, `[C]`.
        PerClass,
        /// A float for each value of the unreduced loss: a factor. In a loss of elements it broadcasts to their shape.
        Weight,
        /// A float for each value of the unreduced loss: a factor of the value, and of the value's part in the
        /// denominator of a mean.
        SampleWeight,
        /// A number for each value of the unreduced loss, float or integer. Zero leaves the value out, whatever the other
        /// operands hold there; any other number keeps it.
        Mask,
        /// An integer for each item, `[N]`: the item's place in the table.
        Index,
        /// The table, `[T]`.
        Table,
        /// Any number of floats, `[M]`, whose mean the loss takes.
        Averaged,
        /// An operand of a sum of losses. It is checked by the loss in the sum that takes it.
        Part,
        /// A row for each item, `[N, D]`: the rows that are compared, and the rows that they are compared with.
        Rows,
        /// More rows that each row is compared with, `[M, D]`.
        MoreRows,
        /// A shard of the rows, `[n, D]`: only these rows have a value, each compared with all rows.
        Anchors,
        /// A label of any value for each row, `[N]`. If the further rows have labels too, these follow: `[N + M]`. Rows with
        /// equal labels belong together.
        RowLabels,
        /// Feature maps, `[N, C, ...]`, whose channels are compared.
        Channels,
        /// Pictures, `[N, C, H, W]`, whose neighbouring pixels are compared.
        Pictures,
        /// A log-probability of each class at each step of each item, `[T, N, C]`.
        Steps,
        /// The labels that each item's steps spell, `[N, S]`, or those of all items one after another.
        Sequences,
        /// How many steps each item has, `[N]`.
        StepCounts,
        /// How many labels each item has, `[N]`.
        SequenceLengths,
        /// The segment that each row belongs to, `[N]`: an integer below twice the number of pairs.
        Segments,
        /// A float for each segment, `[2·B]`: those of the first segments of all pairs, then those of the second.
        PerSegment,
        /// The row of each class of a projection, `[V, D]`.
        Projection,
        /// A teacher's row for each item, `[N, E]`. It need not be as long as the student's row.
        TeacherRows,
        /// The row of each class of a teacher's projection, `[V, E]`, as long as the teacher's rows.
        TeacherProjection,
        /// A float for each class of a projection, `[V]`.
        PerProjection,
        /// A float for each class, `[C]`: the factor of targets of 1 in a fused loss of elements, as PyTorch's `pos_weight`.
        PosWeight,
        /// A factor that multiplies all scores, `[1]` or `[]`.
        Scale,
        /// A number that is added to all scores, `[1]` or `[]`.
        Shift,
    }
}

/// The values that an operand holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Any real number.
    Real,
    /// From 0 to 1.
    Probability,
    /// 0 or 1.
    Binary,
    /// −1 or 1.
    Sign,
    /// Greater than 0.
    Positive,
    /// The log of a probability, or of a ratio of two probabilities. Its exponential is never large.
    Log,
    /// The log of a probability below 1, or a mean of such logs, as over the tokens of an answer.
    LogProbability,
    /// Corners of boxes: x1, y1, x2, y2 with x2 ≥ x1 and y2 ≥ y1. An option of the loss may say that they are centres and sizes.
    Corners,
}

impl Role {
    /// Whether an operand of this role holds integers only.
    pub const fn is_integer(self) -> bool {
        use Role::{Index, Labels, RowLabels, Segments, SequenceLengths, Sequences, StepCounts};
        matches!(self, Labels | Index | RowLabels | Segments | Sequences | StepCounts | SequenceLengths)
    }

    /// Whether all items of a batch use the whole operand, as they do class weights. A shard of the batch then takes the
    /// whole operand.
    pub const fn is_shared(self) -> bool {
        use Role::{
            Averaged, Column, MoreRows, PerClass, PerProjection, PosWeight, Projection, Scale, Shift, Table,
            TeacherProjection,
        };
        matches!(
            self,
            Averaged
                | Column
                | MoreRows
                | PerClass
                | PerProjection
                | PosWeight
                | Projection
                | Scale
                | Shift
                | Table
                | TeacherProjection
        )
    }

    /// Whether an operand of this role is one number, whose shape may be `[1]` or `[]`.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Role::Scale | Role::Shift)
    }
}
