//! Binary cross-entropy, from logits.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid_balance, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Binary cross-entropy of logits: `−(p·t·log σ(x) + (1 − t)·log σ(−x))` for each element, with the weight `p` of
    /// positive targets.
    ///
    /// `input` holds logits and `target` floats or integers from 0 to 1, of one shape. With the reduction `none` the
    /// result has the shape of `input`. [`Extra::PosWeight`] is `p`, of any shape that broadcasts to the input by
    /// trailing axes: `[C]` for the `C` elements of the last axis, `[C, 1, 1]` for the channels of `[N, C, H, W]`;
    /// without it `p` is 1. [`Extra::Weight`], which broadcasts in the same way, multiplies each value; a mean still
    /// divides by the number of values, as in PyTorch. [`Extra::Mask`], of the input's shape, leaves out each value
    /// where it is 0. Gradients: `input`.
    ///
    /// The logs are computed as `−softplus(∓x)`, which neither overflows nor rounds to 0. For a target of 0 the loss at
    /// a logit of −30 keeps its digits.
    ///
    /// Reference: `torch.nn.functional.binary_cross_entropy_with_logits`, whose documentation recommends for
    /// `pos_weight` the number of negatives divided by the number of positives. See also: [`Bce`](crate::Bce), from
    /// probabilities; [`SigmoidFocal`](crate::SigmoidFocal); [`MultilabelSoftMargin`](crate::MultilabelSoftMargin).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, BceWithLogits, Extra, cpu};
    /// let logits = Array::new(&[0.0f32, 0.0], [1, 2])?;
    /// let target = Array::new(&[1.0f32, 0.0], [1, 2])?;
    /// let pos_weight = Array::new(&[3.0f32, 3.0], [2])?;
    /// // both probabilities are ½: log 2 each, the positive one three times
    /// let loss = BceWithLogits::default().of(&logits, &target).with(Extra::PosWeight, &pos_weight);
    /// assert!((cpu::value(&loss)?.loss()? - (3.0 + 1.0) / 2.0 * 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct BceWithLogits of (input, target) as Pointwise {
        /// The share ε of label smoothing: a target t becomes `(1 − ε)·t + ε/2`.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
    }
}

static HEADER: Header = Header {
    id: "bce_with_logits",
    title: "cross-entropy of independent binary questions",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability).or_integers(),
        OperandSpec::new("pos_weight", Role::Column).or(1.0).holding(Domain::Positive),
        OperandSpec::WEIGHT,
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/bce_with_logits"),
    default: || Box::new(BceWithLogits::default()),
};

impl Pointwise for BceWithLogits {
    fn score(&self, [x, t, positive, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let smoothing = f64::from(self.label_smoothing);
        let smooth = |t: f64| (1.0 - smoothing) * t + 0.5 * smoothing;
        let (yes, no) = (positive * smooth(t), smooth(1.0 - t));
        ElementScore {
            loss: yes * softplus(-x) + no * softplus(x),
            d: [sigmoid_balance(no, yes, x), 0.0, 0.0, 0.0],
        }
    }
}
