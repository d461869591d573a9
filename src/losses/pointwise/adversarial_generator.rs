//! The adversarial loss of a generator.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::Role;

choice! {
    /// The kind of adversarial loss, for the generator and for the discriminator.
    pub enum AdversarialKind {
        /// Binary cross-entropy of the scores; for the generator its non-saturating form.
        Vanilla = "vanilla",
        /// Half the squared distance of the scores from 1 for real data and from 0 for generated data; for the
        /// generator, from 1.
        LeastSquares = "least_squares",
        /// The discriminator's scores cost nothing above 1 for real data and below −1 for generated data. The
        /// generator's loss is the negated score.
        Hinge = "hinge",
        /// The scores themselves, negated where they should be high.
        Wasserstein = "wasserstein",
    }
}

loss! {
    /// Adversarial loss of a generator, for each score `f` that the discriminator gives to generated data: vanilla
    /// `softplus(−f)`, least_squares `½(f − 1)²`, hinge and wasserstein `−f`.
    ///
    /// `fake` holds the scores, floats of any shape. With the reduction `none` the result has the shape of `fake`.
    /// Gradients: `fake`.
    ///
    /// Papers: Goodfellow et al., "Generative Adversarial Nets", 2014 (vanilla is its non-saturating form); Mao et al.,
    /// "Least Squares Generative Adversarial Networks", 2017; Lim and Ye, "Geometric GAN", 2017 (hinge); Arjovsky et
    /// al., "Wasserstein GAN", 2017. See also: [`AdversarialDiscriminator`](crate::AdversarialDiscriminator), the other
    /// side.
    ///
    /// # Example
    /// ```
    /// use wgloss::{AdversarialGenerator, AdversarialKind, Array, cpu};
    /// let fake = Array::new(&[1.0f32, 3.0], [2])?;
    /// let loss = AdversarialGenerator { kind: AdversarialKind::Hinge }.of(&fake);
    /// assert_eq!(cpu::value(&loss)?.loss()?, (-1.0 - 3.0) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct AdversarialGenerator of (fake) as Pointwise {
        /// The kind of adversarial loss. Use the same kind for generator and discriminator.
        pub kind: AdversarialKind = AdversarialKind::Vanilla, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "adversarial_generator",
    title: "a generator against its discriminator",
    operands: &[
        OperandSpec::new("fake", Role::Element).differentiable(),
        OperandSpec::SAMPLE_WEIGHT,
    ],
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
