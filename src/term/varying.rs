//! The numbers of a part that change between the runs of a job.

/// A number that changes between runs: a number option of the loss, or the part's coefficient.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Varying<T> {
    /// The option's name, or [`COEFFICIENT`].
    pub number: String,
    /// The tensor that holds it. `None` if the host sets it.
    pub from: Option<T>,
}

/// The name of a part's factor in the sum of terms.
pub(crate) const COEFFICIENT: &str = "coefficient";
