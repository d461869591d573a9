//! Leaves that give a value for each position, as a plain sum over its classes.

/// A loss that is a sum over the classes of a position, of which each may look at the label's prediction.
pub trait ClassSum {
    /// The label that takes no part, where the loss has one.
    fn ignore_index(&self) -> Option<i32> {
        None
    }

    /// The loss of a class and its derivatives.
    fn score(&self, class: &ClassSeen) -> ClassScore;
}

/// A class as a sum over classes sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassSeen {
    /// The prediction for the class.
    pub x: f64,
    /// The float that a dense target has for it; 0 beside labels.
    pub t: f64,
    /// Whether the class is the label's.
    pub hit: bool,
    /// The prediction for the label's class.
    pub x_label: f64,
    /// The weight of the label's class; of the class itself where the target is dense.
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
    /// Its derivative with respect to the label's prediction, where the class is another.
    pub d_label: f64,
}
