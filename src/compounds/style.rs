//! Images that should have another image's style.

use super::images::{Layer, Perceptual, over};
use crate::losses::GramStyle;
use crate::term::{Operand, Term};

/// Style transfer: the [`Perceptual`] loss against the features of the content image, and a weighted sum over layers of
/// [`GramStyle`] against the features of the style image.
///
/// The parts of an outcome are `content.0`, ... and `style.0`, ... in the order of the layers.
///
/// Paper: Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", 2016.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleTransfer {
    /// How content is compared.
    pub content: Perceptual,
    /// How style is compared.
    pub style: GramStyle,
    /// The factor of the style.
    pub style_weight: f32,
}

impl Default for StyleTransfer {
    fn default() -> StyleTransfer {
        StyleTransfer { content: Perceptual::default(), style: GramStyle::default(), style_weight: 1e3 }
    }
}

impl StyleTransfer {
    /// The loss of these layers; `None` where there are no layers of either kind.
    pub fn of<T: Operand>(&self, content: &[Layer<'_, T>], style: &[Layer<'_, T>]) -> Option<Term<T>> {
        let style = over(style, "style", |input, target| self.style.of(input, target));
        sum(self.content.of(content), style.map(|style| self.style_weight * style))
    }
}

fn sum<T>(a: Option<Term<T>>, b: Option<Term<T>>) -> Option<Term<T>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}
