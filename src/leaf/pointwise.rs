//! Leaves that give a value for each element.

/// A loss that gives a value for each element, from up to four operands.
pub trait Pointwise {
    /// The loss of an element and its derivatives.
    ///
    /// `v` holds a number of each operand whose [`Role`](crate::header::Role) is `Element`, `Row` or `Column`, in the
    /// header's order; then the element's number in [`columns`](Self::columns), where the loss has them. `item` holds
    /// what [`item`](Self::item) returned for the element's item.
    fn score(&self, v: [f64; 4], item: [f64; 3]) -> ElementScore;

    /// Returns three numbers that [`score`](Self::score) gets for every element of an item. They are computed from one
    /// number: the item's entry in the table, which is finite; or the mean of the operand whose
    /// [`Role`](crate::header::Role) is `Averaged`, which is finite and the same for all elements; or the mean of a
    /// sequence, see [`of_sequences`](Self::of_sequences).
    fn item(&self, _number: f64) -> [f64; 3] {
        [0.0; 3]
    }

    /// Whether the leaf scores whole sequences, the rows of `[B, T]`, by a mean: that of the first operand less the
    /// second, over the elements of the sequence that take part. The mean is 0 if none takes part. [`item`](Self::item)
    /// gets the mean, and [`score`](Self::score) gets 0 for both operands. The first of the score's derivatives is then
    /// with respect to the mean, and the walk spreads it over the elements that take part.
    fn of_sequences(&self) -> bool {
        false
    }

    /// The loss's own numbers, one for each element of the last axis; `None` if it has none.
    fn columns(&self) -> Option<&[f32]> {
        None
    }

    /// The names of optional operands that these options need, each with the name of the option that needs it.
    fn needs(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The name of the table that is read under these options, where the loss has several. A call need not give the others.
    fn table(&self) -> Option<&'static str> {
        None
    }

    /// The name of an option whose value conflicts with other options, and which values it may have instead.
    fn conflict(&self) -> Option<(&'static str, &'static str)> {
        None
    }
}

/// The loss of an element, and its derivative with respect to each operand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ElementScore {
    /// The loss.
    pub loss: f64,
    /// Its derivatives, in the operands' order.
    pub d: [f64; 4],
}
