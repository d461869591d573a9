//! The adversarial loss of a discriminator.

use crate::leaf::{Component, Composite};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::losses::pointwise::adversarial_generator::AdversarialKind;
use crate::losses::pointwise::adversarial_side::{AdversarialSide, Side};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;
use std::sync::Arc;

loss! {
    /// Adversarial loss of a discriminator, with its scores `r` of real data and `f` of generated data: vanilla
    /// `softplus(−r)` and `softplus(f)`, least_squares `½(r − 1)²` and `½f²`, hinge `max(1 − r, 0)` and
    /// `max(1 + f, 0)`, wasserstein `−r` and `f`. Each side is reduced by itself, then the two are added.
    ///
    /// `real` and `fake` hold scores, floats of any two shapes. There is no reduction `none`. The parts of an outcome
    /// are `real` and `fake`. Where a hinge is exactly 0, its derivative is 0. Gradients: `real`, `fake`.
    ///
    /// Papers: Goodfellow et al., "Generative Adversarial Nets", 2014; Mao et al., "Least Squares Generative
    /// Adversarial Networks", 2017; Lim and Ye, "Geometric GAN", 2017 (hinge); Arjovsky et al., "Wasserstein GAN",
    /// 2017. See also: [`AdversarialGenerator`](crate::AdversarialGenerator), the other side.
    ///
    /// # Example
    /// ```
    /// use wgloss::{AdversarialDiscriminator, AdversarialKind, Array, cpu};
    /// let (real, fake) = (Array::new(&[2.0f32, 0.5], [2])?, Array::new(&[-2.0f32], [1])?);
    /// let loss = AdversarialDiscriminator { kind: AdversarialKind::Hinge }.of(&real, &fake);
    /// // one real score is ½ below 1; the fake one is below −1
    /// assert_eq!(cpu::value(&loss)?.loss()?, (0.0 + 0.5) / 2.0 + 0.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct AdversarialDiscriminator of (real, fake) as Composite {
        /// The kind of adversarial loss. Use the same kind for generator and discriminator.
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
        // each side has its own mean, so the two may differ in length
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
