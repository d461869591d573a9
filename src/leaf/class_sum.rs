//! Leaves that give a value for each position, from a plain sum over its classes.

/// A loss that is a sum over the classes of a position. Each class's loss may depend on the label's prediction too.
pub trait ClassSum {
    /// The label of positions that take no part, where the loss has one.
    fn ignore_index(&self) -> Option<i32> {
        None
    }

    /// Whether the loss of a class depends on that class alone, and not on the label's prediction nor on the number of
    /// classes. Then the classes can be sharded over devices.
    fn classes_stand_alone(&self) -> bool {
        false
    }

    /// The loss of a class and its derivatives.
    fn score(&self, class: &ClassSeen) -> ClassScore;
}

/// One class of a position, as the leaf sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassSeen {
    /// The prediction for the class.
    pub x: f64,
    /// The float of a dense target for the class; 0 where the target is labels.
    pub t: f64,
    /// Whether the class is the label's.
    pub hit: bool,
    /// The prediction for the label's class.
    pub x_label: f64,
    /// The weight of the label's class, or where the target is dense, of the class itself.
    pub weight: f64,
    /// How many classes there are.
    pub classes: f64,
}

/// The loss of a class, and its derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to the class's own prediction.
    pub d: f64,
    /// Its derivative with respect to the prediction for the label's class, where that is another class.
    pub d_label: f64,
}
