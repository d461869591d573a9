//! A generator against its discriminator.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::Role;

choice! {
    /// The game that a generator and a discriminator play.
    pub enum AdversarialKind {
        /// Cross-entropy of the discriminator's answers, non-saturating for the generator.
        Vanilla = "vanilla",
        /// Squared distance of the scores from 1 and 0.
        LeastSquares = "least_squares",
        /// Scores beyond a margin of 1 on either side are good enough.
        Hinge = "hinge",
        /// The scores themselves.
        Wasserstein = "wasserstein",
    }
}

crate::loss! {
    /// Generator's adversarial loss, of a discriminator's scores `f` of what was generated: vanilla `softplus(−f)`,
    /// least_squares `½(f − 1)²`, hinge and wasserstein `−f`.
    ///
    /// `fake` has any shape.
    ///
    /// Papers: Goodfellow et al., "Generative Adversarial Nets", 2014 (the non-saturating form); Mao et al., "Least
    /// Squares GANs", 2017; Lim & Ye, "Geometric GAN", 2017; Arjovsky et al., "Wasserstein GAN", 2017. Neighbours:
    /// [`AdversarialDiscriminator`](crate::AdversarialDiscriminator), the other side.
    pub struct AdversarialGenerator of (fake) as Pointwise {
        /// Which game the two play.
        pub kind: AdversarialKind = AdversarialKind::Vanilla, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "adversarial_generator",
    title: "a generator against its discriminator",
    operands: &[OperandSpec::new("fake", Role::Element).differentiable()],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/adversarial_generator"),
    default: || Box::new(AdversarialGenerator::default()),
};

impl Pointwise for AdversarialGenerator {
    fn score(&self, [f, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (loss, slope) = match self.kind {
            AdversarialKind::Vanilla => (softplus(-f), -sigmoid(-f)),
            AdversarialKind::LeastSquares => (0.5 * (f - 1.0) * (f - 1.0), f - 1.0),
            AdversarialKind::Hinge | AdversarialKind::Wasserstein => (-f, -1.0),
        };
        ElementScore { loss, d: [slope, 0.0, 0.0, 0.0] }
    }
}
