//! FILL IN: what it measures, in a few words.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;

loss! {
    /// FILL IN: name: `scale·(x − t)²`.
    ///
    #[doc = paired!()]
    ///
    /// FILL IN: where plain arithmetic would lose digits or give NaN, the form that is computed and why.
    ///
    /// Paper: FILL IN. Reference: FILL IN. See also: [`Mse`](crate::Mse).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, {Loss}, cpu};
    /// let input = Array::new(&[0.5f32, 3.0], [2])?;
    /// let target = Array::new(&[0.0f32, 0.0], [2])?;
    /// assert_eq!(cpu::value(&{Loss}::default().of(&input, &target))?.loss()?, (0.25 + 9.0) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct {Loss} of (input, target) as Pointwise {
        /// FILL IN: what the option does, and its unit.
        pub scale: f32 = 1.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "{id}",
    title: "FILL IN: what it is, in a few words",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/{id}"),
    default: || Box::new({Loss}::default()),
};

impl Pointwise for {Loss} {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (d, scale) = (x - t, f64::from(self.scale));
        let slope = 2.0 * scale * d;
        ElementScore { loss: scale * d * d, d: [slope, -slope, 0.0, 0.0] }
    }
}
