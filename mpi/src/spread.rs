//! How a loss is spread over the ranks.

use std::fmt;
use std::ops::Add;
use wgloss::{Operand, Term};

/// How a loss is divided among the ranks. Every rank passes its own shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Each rank has some of the batch's values: data parallelism, for every loss that is a mean or a sum. A rank may have
    /// none. An operand that belongs to all values, such as a weight for each class or `kl` of [`Kto`](wgloss::Kto), is
    /// whole on every rank. The gradient of such an operand is this rank's share: its sum over the ranks is the gradient.
    Batch,
    /// Each rank has some of the classes of all rows, one at least: vocabulary parallelism, for
    /// [`CrossEntropy`](wgloss::CrossEntropy), [`SoftmaxFocal`](wgloss::SoftmaxFocal), [`Nll`](wgloss::Nll),
    /// [`LinearCrossEntropy`](wgloss::LinearCrossEntropy) and [`MarginSoftmax`](wgloss::MarginSoftmax). Every rank has the
    /// labels of all rows. The linear losses' input is whole on every rank too, and its gradient is this rank's share.
    Classes {
        /// The first class of this rank.
        first: usize,
        /// The number of classes of all ranks together.
        of: usize,
    },
    /// Each rank has some of the positions of every region, such as a tile of each image. Where the loss's option `batch`
    /// is set, it may have some of the items instead. For [`Dice`](wgloss::Dice), [`Tversky`](wgloss::Tversky),
    /// [`GeneralizedDice`](wgloss::GeneralizedDice), [`DiceCrossEntropy`](wgloss::DiceCrossEntropy),
    /// [`DiceBce`](wgloss::DiceBce) and [`DiceFocal`](wgloss::DiceFocal).
    Regions,
    /// Each rank has some of the rows of a loss of all pairs, and with [`InfoNce`](wgloss::InfoNce) and
    /// [`Siglip`](wgloss::Siglip) the keys that belong to them. Every rank gathers all keys. The gradient of further
    /// negatives, of a scale or of a bias is this rank's share: its sum over the ranks is the gradient.
    Rows,
    /// As [`Rows`](Self::Rows), but keys go round from rank to rank, and no rank ever holds all of them. Not for
    /// [`TripletHard`](wgloss::TripletHard): the hardest of all pairs is not a sum over the ranks' keys.
    Ring,
}

impl fmt::Display for Spread {
    /// Writes what has to be equal on all ranks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spread::Batch => write!(f, "Batch"),
            Spread::Classes { of, .. } => write!(f, "Classes of {of}"),
            Spread::Regions => write!(f, "Regions"),
            Spread::Rows => write!(f, "Rows"),
            Spread::Ring => write!(f, "Ring"),
        }
    }
}

/// Spreads a term over the ranks.
pub trait Spreads<T> {
    /// This rank's term, as a shard of the whole.
    fn spread(self, over: Spread) -> SpreadTerm<T>;
}

impl<T> Spreads<T> for Term<T> {
    fn spread(self, over: Spread) -> SpreadTerm<T> {
        SpreadTerm { pieces: vec![(self, over)] }
    }
}

/// A term that is spread over the ranks, or a sum of several terms, each spread in its own way:
/// `a.spread(Batch) + b.spread(Regions)`.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadTerm<T> {
    pub(crate) pieces: Vec<(Term<T>, Spread)>,
}

impl<T> Add for SpreadTerm<T> {
    type Output = SpreadTerm<T>;

    fn add(mut self, other: SpreadTerm<T>) -> SpreadTerm<T> {
        self.pieces.extend(other.pieces);
        self
    }
}

impl<T: Operand> SpreadTerm<T> {
    /// Describes the losses and their spreads, which have to be equal on all ranks.
    pub(crate) fn said(&self) -> String {
        let losses = |term: &Term<T>| {
            let names = term.terms().into_iter().filter_map(|term| {
                let id = term.operands().next().map(|(loss, ..)| loss.header().id)?;
                Some(id.to_string())
            });
            names.collect::<Vec<_>>().join(" + ")
        };
        let pieces = self.pieces.iter().map(|(term, over)| format!("{} over {over}", losses(term)));
        pieces.collect::<Vec<_>>().join(", ")
    }
}
