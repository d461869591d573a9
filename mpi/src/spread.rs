//! How a loss is spread over the ranks.

use std::fmt;
use std::ops::Add;
use wgloss::{Operand, Term};

/// The part of a loss that the ranks share. Every rank gives its own shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Each rank has some of the batch's values: data parallelism, for every loss that is a mean or a sum. A rank may have
    /// none. What belongs to all values, such as a weight for each class or `kl` of [`Kto`](wgloss::Kto), every rank gives whole. The gradient of what all ranks hold, such as a weight, is this rank's share of it.
    Batch,
    /// Each rank has some of the classes of all rows, one at least: vocabulary parallelism, for
    /// [`CrossEntropy`](wgloss::CrossEntropy), [`SoftmaxFocal`](wgloss::SoftmaxFocal), [`Nll`](wgloss::Nll),
    /// [`LinearCrossEntropy`](wgloss::LinearCrossEntropy) and [`MarginSoftmax`](wgloss::MarginSoftmax), whose rows and labels all
    /// ranks have. The gradient of their rows is this rank's share of it.
    Classes {
        /// The first class of this rank.
        first: usize,
        /// How many classes all ranks have together.
        of: usize,
    },
    /// Each rank has some of the positions of the same regions, such as the tiles of an image; or where the loss's option
    /// `batch` is set, some of the items: for [`Dice`](wgloss::Dice), [`Tversky`](wgloss::Tversky),
    /// [`GeneralizedDice`](wgloss::GeneralizedDice), [`DiceCrossEntropy`](wgloss::DiceCrossEntropy),
    /// [`DiceBce`](wgloss::DiceBce) and [`DiceFocal`](wgloss::DiceFocal).
    Regions,
    /// Each rank has some of the rows of a loss of all pairs, and with [`InfoNce`](wgloss::InfoNce) and
    /// [`Siglip`](wgloss::Siglip) the keys that belong to them. Every rank gathers all keys. The gradient of further negatives,
    /// of a scale or of a bias is this rank's share of it.
    Rows,
    /// As [`Rows`](Self::Rows), but keys go round from rank to rank, and no rank ever holds all of them. Not for
    /// [`TripletHard`](wgloss::TripletHard), whose hardest pair is no sum over keys.
    Ring,
}

impl fmt::Display for Spread {
    /// Writes the part of a spread that is equal on all ranks.
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
    /// The term as this rank's shard of a whole.
    fn spread(self, over: Spread) -> SpreadTerm<T>;
}

impl<T> Spreads<T> for Term<T> {
    fn spread(self, over: Spread) -> SpreadTerm<T> {
        SpreadTerm { pieces: vec![(self, over)] }
    }
}

/// A term that is spread over the ranks, or a sum of several, each spread in its own way: `a.spread(Batch) + b.spread(Regions)`.
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
    /// The losses and their spreads, which have to be equal on all ranks.
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
