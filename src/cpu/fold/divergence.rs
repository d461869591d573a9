//! The divergence of a student's softmax from a teacher's: `KL(t ‖ s) = Σ t·log(t/s)`, over the classes of a position.

use super::row::{Row, Scored};
use crate::cpu::softmax::Softmax;
use crate::leaf::Divergence;
use crate::math::exp_excess;

pub(super) fn score(leaf: &dyn Divergence, row: &Row) -> Scored {
    let temperature = leaf.temperature();
    let both = TwoSoftmaxes::of(&row.x, row.dense.as_deref().unwrap_or_default(), temperature);
    let all = 0..row.x.len();
    let divergence: f64 = all.clone().map(|k| both.term(k)).sum();
    let score = leaf.score(temperature * temperature * divergence);
    let d = all.map(|k| score.d * temperature * both.s_less_t(k));
    Scored::plain(row, score.loss, d.collect())
}

/// The classes of a position: the probability `s` that the student gives each, and the teacher's, `t`.
struct TwoSoftmaxes {
    student: Softmax,
    teacher: Softmax,
    /// The logits over the temperature.
    student_x: Vec<f64>,
    teacher_x: Vec<f64>,
    /// log(s/t).
    log_ratio: Vec<f64>,
}

impl TwoSoftmaxes {
    fn of(student: &[f64], teacher: &[f64], temperature: f64) -> TwoSoftmaxes {
        let tempered = |x: &[f64]| x.iter().map(|x| x / temperature).collect::<Vec<_>>();
        let (student_x, teacher_x) = (tempered(student), tempered(teacher));
        let (s, t) = (Softmax::of(&student_x), Softmax::of(&teacher_x));
        let apart = apart(student, teacher, temperature);
        // t is s·exp(apart)/Σ s·exp(apart). Where both nearly agree, this keeps digits that the two −log p lose: at a high
        // temperature all of them are nearly log C.
        let log_ratio = match apart.iter().all(|apart| apart.abs() < 1.0) {
            true => {
                let sum: f64 = student_x.iter().zip(&apart).map(|(&x, apart)| s.p(x) * apart.exp_m1()).sum();
                apart.iter().map(|apart| sum.ln_1p() - apart).collect()
            }
            false => student_x.iter().zip(&teacher_x).map(|(&s_x, &t_x)| t.nll(t_x) - s.nll(s_x)).collect(),
        };
        TwoSoftmaxes { student: s, teacher: t, student_x, teacher_x, log_ratio }
    }

    fn s(&self, k: usize) -> f64 {
        self.student.p(self.student_x[k])
    }

    fn t(&self, k: usize) -> f64 {
        self.teacher.p(self.teacher_x[k])
    }

    /// The part of the divergence that a class adds: `s − t + t·log(t/s)`.
    ///
    /// The sum of `s − t` over all classes is 0, so this is the divergence; but unlike `t·log(t/s)`, no term is negative, and
    /// so nothing cancels.
    fn term(&self, k: usize) -> f64 {
        let log_ratio = self.log_ratio[k];
        match (self.teacher.is_masked(self.teacher_x[k]), self.student.is_masked(self.student_x[k])) {
            (true, _) => self.s(k),
            (false, true) => f64::INFINITY,
            _ if log_ratio.abs() < 1.0 => self.t(k) * exp_excess(log_ratio),
            _ => self.s(k) - self.t(k) - self.t(k) * log_ratio,
        }
    }

    /// `s − t`, which is the derivative of the divergence with respect to the student's tempered logit.
    fn s_less_t(&self, k: usize) -> f64 {
        match self.log_ratio[k].abs() < 1.0 {
            true => self.t(k) * self.log_ratio[k].exp_m1(),
            false => self.s(k) - self.t(k),
        }
    }
}

/// How far the teacher's logit of each class lies above the student's, over the temperature, less the same for class 0.
///
/// Subtracting one number from all logits changes no probability. With class 0 subtracted, a number that a caller adds to
/// all logits of a row changes no digit either.
fn apart(student: &[f64], teacher: &[f64], temperature: f64) -> Vec<f64> {
    let differences: Vec<f64> = student.iter().zip(teacher).map(|(student, teacher)| teacher - student).collect();
    differences.iter().map(|difference| (difference - differences[0]) / temperature).collect()
}

#[cfg(test)]
mod tests {
    use super::TwoSoftmaxes;

    /// The definition without any care for digits.
    fn plain(student: &[f64], teacher: &[f64], temperature: f64) -> (f64, Vec<f64>) {
        let softmax = |x: &[f64]| {
            let powers: Vec<f64> = x.iter().map(|x| (x / temperature).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|power| power / sum).collect::<Vec<f64>>()
        };
        let (s, t) = (softmax(student), softmax(teacher));
        let term = |(s, t): (&f64, &f64)| if *t == 0.0 { 0.0 } else { t * (t / s).ln() };
        (s.iter().zip(&t).map(term).sum(), s.iter().zip(&t).map(|(s, t)| s - t).collect())
    }

    #[test]
    fn it_is_the_definition() {
        let masked = f64::NEG_INFINITY;
        for (student, teacher) in [
            ([1.0, -2.0, 0.5], [0.0, 1.0, 2.0]),
            ([1.0, 2.0, 3.0], [1.1, 2.0, 2.9]),
            ([0.0, 0.0, 0.0], [5.0, -5.0, 0.0]),
            ([1.0, 0.0, -1.0], [0.5, masked, 1.5]),
        ] {
            for temperature in [0.5, 1.0, 4.0] {
                let both = TwoSoftmaxes::of(&student, &teacher, temperature);
                let (divergence, s_less_t) = plain(&student, &teacher, temperature);
                let got: f64 = (0..3).map(|k| both.term(k)).sum();
                assert!((got - divergence).abs() <= 1e-14 * divergence.max(1.0), "{got}, not {divergence}");
                for (k, want) in s_less_t.into_iter().enumerate() {
                    assert!((both.s_less_t(k) - want).abs() <= 1e-15, "class {k}: {} not {want}", both.s_less_t(k));
                }
            }
        }
    }

    #[test]
    fn a_class_masked_by_the_student_alone_is_infinitely_far() {
        let masked = f64::NEG_INFINITY;
        let term = |student: &[f64], teacher: &[f64]| TwoSoftmaxes::of(student, teacher, 1.0).term(1);
        assert_eq!(term(&[0.0, masked], &[0.0, 0.0]), f64::INFINITY);
        assert_eq!(term(&[0.0, masked], &[0.0, masked]), 0.0);
    }
}
