//! The divergence of a student's softmax from a teacher's: `KL(t ‖ s) = Σ t·log(t/s)`, over the classes of a position; or the
//! divergence of both from a mixture of both.

use super::row::{Row, Scored};
use crate::cpu::softmax::Softmax;
use crate::leaf::Divergence;
use crate::math::{exp_excess, greatest, part_of};

pub(in crate::cpu) fn score(leaf: &dyn Divergence, row: &Row) -> Scored {
    let temperature = leaf.temperature();
    let both = TwoSoftmaxes::of(&row.x, row.dense.as_deref().unwrap_or_default(), temperature);
    let all = 0..row.x.len();
    let (divergence, d): (f64, Vec<f64>) = match leaf.mixture().filter(|&beta| beta > 0.0) {
        Some(beta) => both.against_mixture(beta),
        None => (all.clone().map(|k| both.term(k)).sum(), all.map(|k| both.s_less_t(k)).collect()),
    };
    let score = leaf.score(temperature * temperature * divergence);
    let d = d.into_iter().map(|d| score.d * temperature * d);
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
        // t is s·exp(apart)/Σ s·exp(apart). Where both nearly agree, this keeps digits that a difference of two −log p
        // loses: at a high temperature every −log p is nearly log C.
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

    /// The summand of a class in the divergence: `s − t + t·log(t/s)`.
    ///
    /// The sum of `s − t` over all classes is 0, so the summands still add up to the divergence. Unlike `t·log(t/s)`,
    /// none of them is negative, so that nothing cancels.
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

    /// `β·KL(t ‖ m) + (1 − β)·KL(s ‖ m)` for `m = β·t + (1 − β)·s`, or `KL(s ‖ t)` if β = 1; and its derivative with respect to
    /// the student's tempered logits: `w·s·(log(s/m) − Σ s·log(s/m))`, with the weight w of `KL(s ‖ m)`.
    fn against_mixture(&self, beta: f64) -> (f64, Vec<f64>) {
        let weights = if beta == 1.0 { [0.0, 1.0] } else { [beta, 1.0 - beta] };
        let divergence = (0..self.student_x.len()).map(|k| self.compared(k, beta, weights)).sum::<f64>();
        if divergence.is_nan() {
            return (divergence, vec![divergence; self.student_x.len()]);
        }
        let lifts = self.lifts(beta);
        let mean: f64 = lifts.iter().enumerate().map(|(k, &lift)| part_of(self.s(k), lift)).sum();
        let slope = |k: usize| match divergence == f64::INFINITY {
            // The teacher masks a class that the student does not, so the divergence is infinite. It falls without bound as
            // the other classes gain probability: their slopes are −∞. The slope of the class itself is NaN.
            true if self.student.is_masked(self.student_x[k]) => 0.0,
            true if self.teacher.is_masked(self.teacher_x[k]) => f64::NAN,
            true => f64::NEG_INFINITY,
            false => weights[1] * part_of(self.s(k), lifts[k] - mean),
        };
        (divergence, (0..lifts.len()).map(slope).collect())
    }

    /// log(t/s) of a class.
    fn log_t_s(&self, k: usize) -> f64 {
        match [self.teacher.is_masked(self.teacher_x[k]), self.student.is_masked(self.student_x[k])] {
            [true, _] => f64::NEG_INFINITY,
            [false, true] => f64::INFINITY,
            [false, false] => -self.log_ratio[k],
        }
    }

    /// The summand of a class in the divergence. The sums of `m − t` and of `m − s` over all classes are 0. So these
    /// differences are added to the two terms of the summand, and then neither term is negative.
    fn compared(&self, k: usize, beta: f64, weights: [f64; 2]) -> f64 {
        let (s, t, r) = (self.s(k), self.t(k), self.log_t_s(k));
        match [self.teacher.is_masked(self.teacher_x[k]), self.student.is_masked(self.student_x[k])] {
            [true, true] => return 0.0,
            [true, false] if beta == 1.0 => return f64::INFINITY,
            _ => {}
        }
        let (log_m_s, log_m_t) = if beta == 1.0 { (r, 0.0) } else { (log_mixed(beta, r), log_mixed(1.0 - beta, -r)) };
        if r.abs() < 1.0 {
            return weights[0] * t * exp_excess(log_m_t) + weights[1] * s * exp_excess(log_m_s);
        }
        // `weights[0]·(m − t) + weights[1]·(m − s)` is 0, unless β is 1: then the weights are 0 and 1, and m is t
        let beside = if beta == 1.0 { t - s } else { 0.0 };
        beside - part_of(weights[0] * t, log_m_t) - part_of(weights[1] * s, log_m_s)
    }

    /// log(s/m) of each class less log(s/m) of the student's likeliest class. [`lift`](Self::lift) computes the
    /// difference without the terms that both have in common, so that these do not cancel.
    fn lifts(&self, beta: f64) -> Vec<f64> {
        let top = greatest(&self.student_x);
        (0..self.student_x.len()).map(|k| self.lift(k, top, beta)).collect()
    }

    /// log(s/m) of class `k` less log(s/m) of the student's likeliest class, `top`.
    fn lift(&self, k: usize, top: usize, beta: f64) -> f64 {
        if k == top || self.student.is_masked(self.student_x[k]) {
            return 0.0;
        }
        let pair = |k: usize| [self.student_x[k], self.teacher_x[k]];
        let (rise, r) = (rise(pair(k), pair(top)), self.log_t_s(k));
        if beta == 1.0 {
            return -rise;
        }
        // at the likeliest class: log(m/s), and the teacher's share of the mixture
        let log_m_s = log_mixed(beta, self.log_t_s(top));
        let (z, rest) = (beta.ln() - log_m_s + r, (1.0 - beta).ln() - log_m_s);
        let share = (beta.ln() - log_m_s + self.log_t_s(top)).exp();
        // m/s of class k, over m/s of the likeliest class, is 1 + y
        let y = if rise.abs() < 1.0 { share * rise.exp_m1() } else { z.exp() - share };
        -match y {
            _ if z > 500.0 => z,
            y if y < -0.5 => z.max(rest) + (-(z - rest).abs()).exp().ln_1p(),
            y => y.ln_1p(),
        }
    }
}

/// `log(1 − share + share·exp(r))`, in a form that keeps its digits where `r` is near 0.
fn log_mixed(share: f64, r: f64) -> f64 {
    if r > 500.0 {
        return r + (share + (1.0 - share) * (-r).exp()).ln();
    }
    match share * r.exp_m1() {
        y if y < -0.5 => (1.0 - share + share * r.exp()).ln(),
        y => y.ln_1p(),
    }
}

/// How far the teacher's logit of each class lies above the student's, over the temperature, less the same for class 0.
///
/// Subtracting one number from all logits changes no probability. With class 0 subtracted, a number that a caller adds to
/// all logits of a row changes no digit either.
fn apart(student: &[f64], teacher: &[f64], temperature: f64) -> Vec<f64> {
    let pair = |k: usize| [student[k], teacher[k]];
    (0..student.len()).map(|k| rise(pair(k), pair(0)) / temperature).collect()
}

/// How far the second logit of `pair` lies above its first, less the same for `other`. It is computed by the subtractions that
/// round less: those within the pairs where student and teacher are near, and those between the pairs where one of the two lies
/// far off as a whole, as where all its logits are the lowest f32.
fn rise(pair: [f64; 2], other: [f64; 2]) -> f64 {
    let within = [pair[1] - pair[0], other[1] - other[0]];
    let between = [pair[1] - other[1], pair[0] - other[0]];
    let size = |x: [f64; 2]| x[0].abs().max(x[1].abs());
    let [more, less] = if size(within) <= size(between) { within } else { between };
    more - less
}

#[cfg(test)]
mod tests {
    use super::TwoSoftmaxes;

    fn softmax(x: &[f64], temperature: f64) -> Vec<f64> {
        let powers: Vec<f64> = x.iter().map(|x| (x / temperature).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect()
    }

    /// The definition without any care for digits.
    fn plain(student: &[f64], teacher: &[f64], temperature: f64) -> (f64, Vec<f64>) {
        let [s, t] = [student, teacher].map(|x| softmax(x, temperature));
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

    /// The divergence from a mixture, and its derivative, without any care for digits.
    fn plain_mixture(student: &[f64], teacher: &[f64], temperature: f64, beta: f64) -> (f64, Vec<f64>) {
        let [s, t] = [student, teacher].map(|x| softmax(x, temperature));
        let m: Vec<f64> = s.iter().zip(&t).map(|(s, t)| beta * t + (1.0 - beta) * s).collect();
        let part = |a: f64, m: f64| if a == 0.0 { 0.0 } else { a * (a / m).ln() };
        let kl = |a: &[f64]| a.iter().zip(&m).map(|(&a, &m)| part(a, m)).sum::<f64>();
        let weights = if beta == 1.0 { [0.0, 1.0] } else { [beta, 1.0 - beta] };
        let mean = kl(&s);
        let slope = |k: usize| weights[1] * (part(s[k], m[k]) - s[k] * mean);
        (weights[0] * kl(&t) + weights[1] * mean, (0..s.len()).map(slope).collect())
    }

    #[test]
    fn from_a_mixture_it_is_the_definition() {
        let masked = f64::NEG_INFINITY;
        for (student, teacher) in [
            ([1.0, -2.0, 0.5], [0.0, 1.0, 2.0]),
            ([1.0, 2.0, 3.0], [1.1, 2.0, 2.9]),
            ([0.0, 0.0, 0.0], [5.0, -5.0, 0.0]),
            ([1.0, masked, -1.0], [0.5, masked, 1.5]),
            ([1.0, masked, -1.0], [0.5, 3.0, 1.5]),
            ([1.0, 0.0, -1.0], [0.5, masked, 1.5]),
        ] {
            for (temperature, beta) in [(1.0, 0.5), (4.0, 0.125), (0.5, 0.75), (1.0, 1.0)] {
                if beta == 1.0 && teacher[1] == masked && student[1] != masked {
                    continue;
                }
                let (divergence, slopes) = TwoSoftmaxes::of(&student, &teacher, temperature).against_mixture(beta);
                let (want, wanted) = plain_mixture(&student, &teacher, temperature, beta);
                assert!((divergence - want).abs() <= 1e-14 * want.max(1.0), "β {beta}: {divergence}, not {want}");
                for (k, want) in wanted.into_iter().enumerate() {
                    assert!((slopes[k] - want).abs() <= 1e-14, "β {beta}, class {k}: {} not {want}", slopes[k]);
                }
            }
        }
    }

    #[test]
    fn a_class_masked_by_the_teacher_alone_makes_the_reverse_divergence_infinite() {
        let masked = f64::NEG_INFINITY;
        let (divergence, slopes) = TwoSoftmaxes::of(&[0.0, 0.0, masked], &[0.0, masked, 0.0], 1.0).against_mixture(1.0);
        assert_eq!((divergence, slopes[0], slopes[2]), (f64::INFINITY, masked, 0.0));
        assert!(slopes[1].is_nan());
    }

    #[test]
    fn a_class_masked_by_the_student_alone_is_infinitely_far() {
        let masked = f64::NEG_INFINITY;
        let term = |student: &[f64], teacher: &[f64]| TwoSoftmaxes::of(student, teacher, 1.0).term(1);
        assert_eq!(term(&[0.0, masked], &[0.0, 0.0]), f64::INFINITY);
        assert_eq!(term(&[0.0, masked], &[0.0, masked]), 0.0);
    }
}
