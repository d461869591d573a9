//! Logits that are softly capped before all else.

/// A soft cap, `c·tanh(x/c)`, of bound c; `None` leaves logits as they are.
#[derive(Clone, Copy)]
pub(super) struct Softcap(pub Option<f64>);

impl Softcap {
    /// The logit that the loss sees. A logit of −∞ stays −∞, so that it masks its class.
    pub fn capped(self, x: f64) -> f64 {
        match self.0 {
            Some(c) if x != f64::NEG_INFINITY => c * (x / c).tanh(),
            _ => x,
        }
    }

    /// The derivative of the capped logit with respect to the logit, `1 − tanh²(x/c)`. It is computed as `4e/(1 + e)²` with
    /// `e = exp(−2·|x/c|)`, which keeps its digits where the cap is nearly reached.
    pub fn slope(self, x: f64) -> f64 {
        match self.0 {
            Some(c) if x != f64::NEG_INFINITY => {
                let e = (-2.0 * (x / c).abs()).exp();
                4.0 * e / ((1.0 + e) * (1.0 + e))
            }
            _ => 1.0,
        }
    }

    /// The derivatives with respect to logits `x`, from those with respect to the capped logits.
    pub fn through(self, d: &mut [f64], x: impl Fn(usize) -> f64) {
        if self.0.is_some() {
            d.iter_mut().enumerate().for_each(|(k, d)| *d *= self.slope(x(k)));
        }
    }
}
