//! Leaves that give a value for each element.

/// A loss that gives a value for each element, from up to four operands.
pub trait Pointwise {
    /// The loss of an element and its derivatives.
    ///
    /// `v` holds a number of each operand whose [`Role`](crate::header::Role) is `Element`, `Row` or `Column`, in the header's
    /// order; then the number of [`columns`](Self::columns), where the loss has them. `item` holds what [`item`](Self::item)
    /// gave for the element's item.
    fn score(&self, v: [f64; 4], item: [f64; 3]) -> ElementScore;

    /// Three numbers of an item, from the finite number that was looked up for it in the table; of all elements, from the
    /// mean of the operand whose [`Role`](crate::header::Role) is `Averaged`; or of a sequence, from the mean that
    /// [`of_sequences`](Self::of_sequences) says.
    fn item(&self, _number: f64) -> [f64; 3] {
        [0.0; 3]
    }

    /// Whether the leaf sees sequences, the rows of `[B, T]`, by a mean: over the elements of each that take part, of the first
    /// operand less the second, and 0 where there are none. [`item`](Self::item) gets it, and [`score`](Self::score) gets 0 for
    /// both operands. The first of the score's derivatives is then with respect to this mean, and the walk spreads it over these
    /// elements.
    fn of_sequences(&self) -> bool {
        false
    }

    /// The loss's own numbers, one for each element of the last axis, where it has some.
    fn columns(&self) -> Option<&[f32]> {
        None
    }

    /// The names of optional operands that these options need, each with the name of the option that needs it.
    fn needs(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The name of the table that these options read, where a loss has several. The others need not be given.
    fn table(&self) -> Option<&'static str> {
        None
    }

    /// The name of an option that does not go with the others, and what it may be instead.
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
