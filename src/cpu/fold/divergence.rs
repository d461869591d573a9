//! The divergence of a student's softmax over classes from a teacher's.

use super::{Peaked, Row, Scored};
use crate::leaf::Divergence;

pub(super) fn score(leaf: &dyn Divergence, row: &Row) -> Scored {
    let tempered = |x: &[f64]| Peaked::new(&x.iter().map(|x| x / leaf.temperature()).collect::<Vec<_>>());
    let (student, teacher) = (tempered(&row.x), tempered(row.dense.as_deref().unwrap_or_default()));
    let classes = 0..row.x.len();
    // of a class that both mask there is no ratio, and nothing of it in either
    let log_ratio = |k: usize| teacher.surprise(k) - student.surprise(k);
    // p_s − p_t − p_t·log(p_s/p_t): no term is negative, and beyond the divergence they sum to 1 − 1
    let term = |k: usize| match (teacher.below[k] == f64::NEG_INFINITY, student.below[k] == f64::NEG_INFINITY) {
        (true, _) => student.p(k),
        (false, true) => f64::INFINITY,
        _ if log_ratio(k).abs() < 1.0 => teacher.p(k) * (log_ratio(k).exp_m1() - log_ratio(k)),
        _ => student.p(k) - teacher.p(k) - teacher.p(k) * log_ratio(k),
    };
    let score = leaf.score(classes.clone().map(term).sum());
    let d = classes.map(|k| score.d / leaf.temperature() * (student.p(k) - teacher.p(k)));
    Scored::plain(score.loss, d.collect())
}
