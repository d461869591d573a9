//! Which of two scores should be higher.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Margin ranking loss: `max(0, −t·(x1 − x2) + margin)` for each element.
    ///
    /// `input1` and `input2` are floats and `target` floats or integers, of one shape. A target of 1 says that `input1`
    /// should be higher, −1 that `input2` should be. With the reduction `none` the result has the shape of `input1`.
    /// [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients: `input1`, `input2`.
    ///
    /// Where `−t·(x1 − x2) + margin` is exactly 0, the derivative is that of this term, not 0, as in PyTorch.
    ///
    /// Reference: `torch.nn.functional.margin_ranking_loss`. See also: [`Preference`](crate::Preference), which is
    /// smooth.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, MarginRanking, cpu};
    /// let input1 = Array::new(&[2.0f32, 1.0], [2])?;
    /// let input2 = Array::new(&[1.0f32, 2.0], [2])?;
    /// let target = Array::new(&[1.0f32, 1.0], [2])?;
    /// // right by more than the margin: 0; wrong by 1: 1 + ½
    /// let loss = MarginRanking { margin: 0.5 }.of(&input1, &input2, &target);
    /// assert_eq!(cpu::value(&loss)?.loss()?, (0.0 + 1.5) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct MarginRanking of (input1, input2, target) as Pointwise {
        /// By how much the input that should be higher has to exceed the other, in units of the inputs.
        pub margin: f32 = 0.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "margin_ranking",
    title: "which of two scores is to be the higher",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Sign).or_integers(),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/margin_ranking"),
    default: || Box::new(MarginRanking::default()),
};

impl Pointwise for MarginRanking {
    fn score(&self, [x1, x2, t, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let gap = -t * (x1 - x2) + f64::from(self.margin);
        // a comparison that is false for NaN, so that NaN is not taken for 0
        if gap < 0.0 { ElementScore::default() } else { ElementScore { loss: gap, d: [-t, t, 0.0, 0.0] } }
    }
}
