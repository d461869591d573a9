//! Observations: what is counted beside a loss.

use crate::cpu::softmax::Softmax;
use crate::term::Observation;

/// The sum of an observation over positions with these logits and labels, and their number.
pub(super) fn over_rows<'a>(
    observation: Observation,
    rows: impl Iterator<Item = (&'a [f64], usize)> + Clone,
) -> [f64; 2] {
    let sum = rows.clone().map(|(x, label)| observe(observation, x, label)).sum();
    [sum, rows.count() as f64]
}

/// The summand of an observation for a position with these logits and this label.
fn observe(observation: Observation, x: &[f64], label: usize) -> f64 {
    let softmax = Softmax::of(x);
    let of_label = x.get(label).copied().unwrap_or(f64::NAN);
    let before = |&(class, &x): &(usize, &f64)| x > of_label || (x == of_label && class < label);
    // a row with a NaN has no prediction
    let among = |k: u32| !softmax.max.is_nan() && x.iter().enumerate().filter(before).count() < k as usize;
    let right = match observation {
        Observation::Accuracy => among(1),
        Observation::TopK(k) => among(k),
        Observation::Entropy => {
            // −Σ p·log p, by the distances from the greatest logit; a masked class has a p of 0
            let distances = x.iter().filter(|x| !softmax.is_masked(**x)).map(|x| (softmax.max - x) * softmax.p(*x));
            return softmax.log_total() + distances.sum::<f64>();
        }
        Observation::Perplexity => return softmax.nll(of_label),
        Observation::Iou | Observation::Precision | Observation::Recall => unreachable!("the checks refuse it"),
    };
    f64::from(u8::from(right))
}

#[cfg(test)]
mod tests {
    use super::observe;
    use crate::term::Observation::{Accuracy, Entropy, Perplexity, TopK};

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
        ] {
            let got = observe(observation, x, label);
            assert!(near(got, want), "{observation:?} of {x:?}, label {label}: {got}, expected {want}");
        }
        assert!(observe(Entropy, &[f64::NAN, 1.0], 0).is_nan());
    }
}
