//! The observations of rows: numbers beside the loss that follow from the softmax of a row.

use crate::cpu::softmax::Softmax;
use crate::term::Observation;

/// The numbers from which the observations of a row follow.
pub(super) struct Seen {
    pub softmax: Softmax,
    /// `Σ exp(x − max)·(max − x)` over its logits `x`.
    pub gap_sum: f64,
    /// The first class with the greatest logit, if there is one.
    pub top: Option<usize>,
    /// The class of the label, and its logit.
    pub label: usize,
    pub of_label: f64,
    /// The number of classes that come before the label's: those with a greater logit, and earlier classes with an
    /// equal one. `None` for a row whose classes are sharded.
    pub ahead: Option<usize>,
}

impl Seen {
    /// The numbers of a whole row with these logits and this label.
    pub fn of(x: &[f64], label: usize) -> Seen {
        let softmax = Softmax::of(x);
        let of_label = x.get(label).copied().unwrap_or(f64::NAN);
        let before = |&(class, &x): &(usize, &f64)| x > of_label || (x == of_label && class < label);
        // the sum leaves out masked classes, for which this is 0·∞
        let gap = |x: &f64| (x - softmax.max).exp() * (softmax.max - x);
        Seen {
            softmax,
            gap_sum: x.iter().filter(|x| !softmax.is_masked(**x)).map(gap).sum(),
            // no logit equals the NaN of a row without a softmax
            top: x.iter().position(|x| *x == softmax.max),
            label,
            of_label,
            ahead: Some(x.iter().enumerate().filter(before).count()),
        }
    }
}

/// The sum of an observation over the rows that take part, and their number.
pub(super) fn over_rows(observation: Observation, rows: &[Option<Seen>]) -> [f64; 2] {
    let rows = rows.iter().flatten();
    let sum = rows.clone().map(|seen| observe(observation, seen)).sum();
    [sum, rows.count() as f64]
}

/// An observation of each row.
pub(super) fn of_rows(observation: Observation, rows: &[Option<Seen>]) -> Vec<f64> {
    let left_out = if observation == Observation::Predicted { NO_CLASS } else { 0.0 };
    rows.iter().map(|row| row.as_ref().map_or(left_out, |seen| observe(observation, seen))).collect()
}

/// The prediction of a row that has none.
const NO_CLASS: f64 = u32::MAX as f64;

/// An observation of a row; its summand, where the observation is a sum.
fn observe(observation: Observation, seen: &Seen) -> f64 {
    let Seen { softmax, gap_sum, top, label, of_label, ahead } = *seen;
    // a row with a NaN has no prediction
    let right = match observation {
        Observation::Accuracy => top == Some(label),
        Observation::TopK(k) => top.is_some() && ahead.is_some_and(|ahead| ahead < k as usize),
        // −Σ p·log p, from the distances to the greatest logit
        Observation::Entropy => return softmax.log_total() + gap_sum / softmax.total(),
        Observation::Perplexity => return softmax.nll(of_label),
        Observation::LogProb => return -softmax.nll(of_label),
        Observation::Predicted => return top.map_or(NO_CLASS, |class| class as f64),
        Observation::Iou | Observation::Precision | Observation::Recall => unreachable!("the checks refuse it"),
    };
    f64::from(u8::from(right))
}

#[cfg(test)]
mod tests {
    use super::{NO_CLASS, Seen, observe, of_rows};
    use crate::term::Observation::{Accuracy, Entropy, LogProb, Perplexity, Predicted, TopK};

    #[test]
    fn by_hand() {
        let masked = f64::NEG_INFINITY;
        let near = |got: f64, want: f64| got == want || (got - want).abs() < 1e-14;
        for (observation, x, label, want) in [
            (Accuracy, &[0.5, 2.0, -1.0][..], 1, 1.0),
            (Accuracy, &[0.5, 2.0, -1.0], 0, 0.0),
            // the first of equal logits is the greatest
            (Accuracy, &[2.0, 2.0], 0, 1.0),
            (Accuracy, &[2.0, 2.0], 1, 0.0),
            (Accuracy, &[f64::NAN, 2.0], 1, 0.0),
            (TopK(2), &[2.0, 2.0, 2.0], 1, 1.0),
            (TopK(2), &[2.0, 2.0, 2.0], 2, 0.0),
            (TopK(3), &[f64::NAN, 2.0], 1, 0.0),
            (TopK(1), &[masked, 2.0], 0, 0.0),
            (TopK(9), &[1.0, 2.0], 0, 1.0),
            (Entropy, &[7.0; 4], 0, 4f64.ln()),
            (Entropy, &[masked, 3.0], 0, 0.0),
            // p is 1/(1 + e)
            (Entropy, &[0.0, 1.0], 0, (1.0 + 1f64.exp()).ln() - 1f64.exp() / (1.0 + 1f64.exp())),
            (Perplexity, &[7.0; 4], 3, 4f64.ln()),
            (Perplexity, &[masked, 3.0], 0, f64::INFINITY),
            (LogProb, &[7.0; 4], 3, -4f64.ln()),
            (LogProb, &[masked, 3.0], 0, masked),
            (Predicted, &[0.5, 2.0, -1.0], 0, 1.0),
            (Predicted, &[-3.0, 2.0, 2.0], 2, 1.0),
            (Predicted, &[-0.0, 0.0], 1, 0.0),
            (Predicted, &[masked, f64::MIN], 0, 1.0),
            (Predicted, &[masked; 3], 0, NO_CLASS),
            (Predicted, &[f64::INFINITY, 2.0], 0, NO_CLASS),
            (Predicted, &[1.0, f64::NAN], 0, NO_CLASS),
        ] {
            let got = observe(observation, &Seen::of(x, label));
            assert!(near(got, want), "{observation:?} of {x:?}, label {label}: {got}, expected {want}");
        }
        assert!(observe(Entropy, &Seen::of(&[f64::NAN, 1.0], 0)).is_nan());
        assert!(observe(LogProb, &Seen::of(&[f64::NAN, 1.0], 1)).is_nan());
    }

    #[test]
    fn a_row_that_takes_no_part() {
        let rows = [None, Some(Seen::of(&[0.0, 0.0], 1)), None];
        assert_eq!(of_rows(Predicted, &rows), [NO_CLASS, 0.0, NO_CLASS]);
        assert_eq!(of_rows(LogProb, &rows), [0.0, -2f64.ln(), 0.0]);
    }
}
