//! Images that should look like other images: compared by features, or judged by a discriminator.

use crate::losses::{AdversarialGenerator, L1, Mse};
use crate::options::choice;
use crate::term::{Operand, Term};

choice! {
    /// How feature maps are compared.
    pub enum FeatureDistance {
        /// By squared errors.
        Mse = "mse",
        /// By absolute errors.
        L1 = "l1",
    }
}

impl FeatureDistance {
    fn of<T: Operand>(self, input: &T, target: &T) -> Term<T> {
        match self {
            FeatureDistance::Mse => Mse::default().of(input, target),
            FeatureDistance::L1 => L1::default().of(input, target),
        }
    }
}

/// The feature maps of one layer of a network, for an image and for the image that it should look like; and the layer's
/// weight.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a, T> {
    /// The features of the generated image.
    pub input: &'a T,
    /// The features of the image that it should look like, in the same shape.
    pub target: &'a T,
    /// The layer's factor.
    pub weight: f32,
}

impl<'a, T> Layer<'a, T> {
    /// A layer of weight 1.
    pub fn new(input: &'a T, target: &'a T) -> Layer<'a, T> {
        Layer { input, target, weight: 1.0 }
    }
}

/// A sum over layers, each named by its place; `None` where there are no layers.
pub(super) fn over<T: Operand>(layers: &[Layer<'_, T>], name: &str, of: impl Fn(&T, &T) -> Term<T>) -> Option<Term<T>> {
    let term = |(place, layer): (usize, &Layer<'_, T>)| {
        layer.weight * of(layer.input, layer.target).named(&format!("{name}.{place}"))
    };
    layers.iter().enumerate().map(term).reduce(|sum, term| sum + term)
}

/// Perceptual loss: a weighted sum, over the layers of some network, of the distance between the features of two images.
///
/// The parts of an outcome are `content.0`, `content.1`, ... in the order of the layers.
///
/// Paper: Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", 2016.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Perceptual {
    /// How features are compared.
    pub distance: FeatureDistance,
}

impl Perceptual {
    /// The loss of these layers; `None` where there are no layers.
    pub fn of<T: Operand>(&self, layers: &[Layer<'_, T>]) -> Option<Term<T>> {
        over(layers, "content", |input, target| self.distance.of(input, target))
    }
}

/// The generator's loss in image-to-image translation: adversarial + λ·L1, and a perceptual loss where there are layers.
///
/// The parts of an outcome are `adversarial`, `l1` and `content.0`, ... The discriminator's
/// loss is [`AdversarialDiscriminator`](crate::AdversarialDiscriminator).
///
/// Papers: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017; the perceptual term as in
/// Wang et al., "pix2pixHD", 2018.
#[derive(Clone, Debug, PartialEq)]
pub struct Pix2Pix {
    /// The loss of the discriminator's scores.
    pub adversarial: AdversarialGenerator,
    /// The factor λ of the absolute error.
    pub l1_weight: f32,
    /// How features are compared.
    pub perceptual: Perceptual,
    /// The factor of the perceptual loss.
    pub perceptual_weight: f32,
}

impl Default for Pix2Pix {
    fn default() -> Pix2Pix {
        Pix2Pix {
            adversarial: AdversarialGenerator::default(),
            l1_weight: 100.0,
            perceptual: Perceptual { distance: FeatureDistance::L1 },
            perceptual_weight: 10.0,
        }
    }
}

impl Pix2Pix {
    /// The loss of a generated image `output`: from the discriminator's `scores` of it, the image that it should be, and the
    /// layers of some network, if any.
    pub fn of<T: Operand>(&self, scores: &T, output: &T, target: &T, layers: &[Layer<'_, T>]) -> Term<T> {
        let adversarial = self.adversarial.of(scores).named("adversarial");
        let term = adversarial + self.l1_weight * L1::default().of(output, target).named("l1");
        match self.perceptual.of(layers) {
            Some(features) => term + self.perceptual_weight * features,
            None => term,
        }
    }
}
