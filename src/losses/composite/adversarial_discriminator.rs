//! A discriminator against a generator.

use crate::leaf::{Component, Composite};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::pointwise::adversarial_generator::AdversarialKind;
use crate::losses::pointwise::adversarial_side::{AdversarialSide, Side};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;
use std::sync::Arc;

crate::loss! {
    /// Discriminator's adversarial loss, of its scores `r` of what is real and `f` of what was generated: vanilla
    /// `softplus(−r)` and `softplus(f)`, least_squares `½(r − 1)²` and `½f²`, hinge `max(1 − r, 0)` and `max(1 + f, 0)`,
    /// wasserstein `−r` and `f`. Each side is reduced, then the two are added.
    ///
    /// `real` and `fake` may have different shapes; both are differentiable. There is no `none`. At the hinge's kink the
    /// derivative is 0. The parts of an outcome are `real` and `fake`.
    ///
    /// Papers: Goodfellow et al., "Generative Adversarial Nets", 2014; Mao et al., "Least Squares GANs", 2017; Lim & Ye,
    /// "Geometric GAN", 2017; Arjovsky et al., "Wasserstein GAN", 2017. Neighbours:
    /// [`AdversarialGenerator`](crate::AdversarialGenerator), the other side.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for `none`.
    pub struct AdversarialDiscriminator of (real, fake) as Composite {
        /// Which game the two play.
        pub kind: AdversarialKind = AdversarialKind::Vanilla, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "adversarial_discriminator",
    title: "a discriminator against its generator",
    operands: &[
        OperandSpec::new("real", Role::Part).differentiable(),
        OperandSpec::new("fake", Role::Part).differentiable(),
    ],
    reductions: &[Reduction::Mean, Reduction::Sum],
    mean: Denominator::Count,
    shader: source!("losses/pointwise/adversarial_side"),
    default: || Box::new(AdversarialDiscriminator::default()),
};

impl Composite for AdversarialDiscriminator {
    fn shares_batch(&self) -> bool {
        // each side is a mean of its own
        false
    }

    fn components(&self, reduction: Reduction) -> Vec<Component> {
        let side = |name, side, operands| Component {
            name,
            loss: Arc::new(AdversarialSide { kind: self.kind, side }),
            operands,
            weight: 1.0,
            reduction,
            per_item: false,
        };
        vec![side("real", Side::Real, &[("score", "real")]), side("fake", Side::Fake, &[("score", "fake")])]
    }
}
