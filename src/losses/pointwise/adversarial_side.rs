//! One side of a discriminator's loss. [`AdversarialDiscriminator`](crate::AdversarialDiscriminator) is the sum of
//! both.

use super::adversarial_generator::AdversarialKind;
use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::Role;

choice! {
    /// The data that a discriminator's scores belong to.
    pub enum Side {
        /// Real data.
        Real = "real",
        /// Generated data.
        Fake = "fake",
    }
}

loss! {
    /// One side of a discriminator's loss: real data should have high scores, generated data low ones.
    pub struct AdversarialSide of (score) as Pointwise {
        /// The kind of adversarial loss.
        pub kind: AdversarialKind = AdversarialKind::Vanilla, Range::Any;
        /// The data that the scores belong to.
        pub side: Side = Side::Real, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "adversarial_side",
    title: "one side of a discriminator's loss",
    operands: &[OperandSpec::new("score", Role::Element).differentiable()],
    reductions: &[Reduction::Mean, Reduction::Sum],
    mean: Denominator::Count,
    shader: source!("losses/pointwise/adversarial_side"),
    default: || Box::new(AdversarialSide::default()),
};

impl Pointwise for AdversarialSide {
    fn score(&self, [score, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        // the scores of generated data are negated, so that both sides share a formula, except for least squares
        let toward = if self.side == Side::Real { 1.0 } else { -1.0 };
        let x = toward * score;
        let (loss, slope) = match (self.kind, self.side) {
            (AdversarialKind::Vanilla, _) => (softplus(-x), -sigmoid(-x)),
            (AdversarialKind::LeastSquares, Side::Real) => (0.5 * (x - 1.0) * (x - 1.0), x - 1.0),
            (AdversarialKind::LeastSquares, Side::Fake) => (0.5 * x * x, x),
            (AdversarialKind::Hinge, _) if x >= 1.0 => (0.0, 0.0),
            (AdversarialKind::Hinge, _) => (1.0 - x, -1.0),
            (AdversarialKind::Wasserstein, _) => (-x, -1.0),
        };
        ElementScore { loss, d: [toward * slope, 0.0, 0.0, 0.0] }
    }
}
