//! Leaves that give a value for each element.

/// A loss that gives a value for each element, from as many as four operands.
pub trait Pointwise {
    /// The loss of an element and its derivatives.
    ///
    /// `v` holds the number of each [`Role::Element`](crate::Role::Element), [`Role::Row`](crate::Role::Row) and
    /// [`Role::Column`](crate::Role::Column) operand in the header's order, behind them that of
    /// [`columns`](Self::columns); `item` what [`item`](Self::item) gave.
    fn score(&self, v: [f64; 4], item: [f64; 3]) -> ElementScore;

    /// The three numbers that the leaf needs of an item, from the finite number that was looked up for it.
    fn item(&self, _looked_up: f64) -> [f64; 3] {
        [0.0; 3]
    }

    /// Numbers of the loss's own, one for each element of the last axis.
    fn columns(&self) -> Option<&[f32]> {
        None
    }

    /// An optional operand that these options need: its name, and the option's.
    fn needs(&self) -> Option<(&'static str, &'static str)> {
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
