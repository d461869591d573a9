//! Which of two scores is to be the higher.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Margin ranking loss: `max(0, −t·(x1 − x2) + margin)` for each element.
    ///
    /// `input1`, `input2` and `target` have one shape; the inputs are differentiable. A target of 1 asks that the first be
    /// the higher, −1 the second. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// As in PyTorch the derivative counts where the maximum is exactly 0.
    ///
    /// Reference: `torch.nn.functional.margin_ranking_loss`. Neighbours: [`Preference`](crate::Preference), which is
    /// smooth.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct MarginRanking of (input1, input2, target) as Pointwise {
        /// How much higher it has to be.
        pub margin: f32 = 0.0, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "margin_ranking",
    title: "which of two scores is to be the higher",
    operands: &[
        OperandSpec::new("input1", Role::Element).differentiable(),
        OperandSpec::new("input2", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Sign),
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
        // written so that NaN passes
        if gap < 0.0 { ElementScore::default() } else { ElementScore { loss: gap, d: [-t, t, 0.0, 0.0] } }
    }
}
