//! Hard points of preference learning: kinks, answers that are almost certain, ratios beyond any bound, means of nothing.

use crate::harness::tests;
use crate::point::{Point, check, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{Array, Dpo, DpoKind, KlEstimate, KlPenalty, Kto, Orpo, PpoKind, PpoPolicy, Reduction, Simpo};

pub fn tests() -> Vec<Trial> {
    tests![
        answers_that_are_almost_certain,
        leads_at_their_kinks,
        single_answers_and_their_reference,
        ratios_beyond_their_bounds,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn answers_that_are_almost_certain() {
    let orpo = |c: f64, r: f64| {
        let (c, r) = (row(&[c]), row(&[r]));
        (c.clone(), r.clone(), Orpo { beta: 1.0 }.of(&c, &r))
    };
    let mut points = Vec::new();
    let half = -LN_2;
    for (name, c, r, want, of_c, of_r) in [
        // equal odds of 1: −log ½ twice; the derivatives of the log-odds are 2
        ("equal odds", half, half, 2.0 * LN_2, -2.0, 1.0),
        // the chosen answer is certain: its odds are infinite, its derivative is −1 less the odds of the other
        ("a certain answer", 0.0, half, 0.0, -2.0, 0.0),
        // odds of 10⁸ against 1: −log σ(z) is 1e-8
        ("an almost certain answer", -1e-8, half, 2e-8, -2.0, 2e-8),
    ] {
        let (c, r, term) = orpo(c, r);
        points.push(Point { rtol: 2e-8, ..Point::new(name, term, [want]).gradient(&c, [of_c]).gradient(&r, [of_r]) });
    }
    points.push(Point::new("no log of a probability", orpo(0.5, -1.0).2, [NAN]));
    points.push(Point::new("an impossible answer", orpo(-INF, -1.0).2, [INF]));
    let (c, r) = (row(&[-1.0, -1e4]), row(&[-1.5, 0.0]));
    let simpo = Simpo::new().beta(2.0).gamma(1.0).of(&c, &r).reduce(Reduction::None);
    points.push(Point::new("a margin that is met, and not", simpo, [LN_2, 20001.0]).gradient(&c, [-1.0, -2.0]));
    check(points);
}

fn leads_at_their_kinks() {
    let zero = row(&[0.0, 0.0, 0.0]);
    let dpo =
        |kind, chosen: &Array| Dpo::new().kind(kind).beta(0.5).of(chosen, &zero, &zero, &zero).reduce(Reduction::None);
    // z is −1, 1 and 2
    let chosen = row(&[-2.0, 2.0, 4.0]);
    check([
        Point::new("hinge", dpo(DpoKind::Hinge, &chosen), [2.0, 0.0, 0.0]).gradient(&chosen, [-0.5, 0.0, 0.0]),
        Point::new("ipo", dpo(DpoKind::Ipo, &chosen), [9.0, 1.0, 9.0]).gradient(&chosen, [-6.0, 2.0, 6.0]),
        Point::new("a hinge of NaN", dpo(DpoKind::Hinge, &row(&[NAN, 0.0, 0.0])), [NAN, 1.0, 1.0]),
    ]);
}

fn single_answers_and_their_reference() {
    let (policy, reference, label) = (row(&[1.0, 1.0, 1e4, -1e4]), row(&[0.0; 4]), row(&[1.0, 0.0, 1.0, 0.0]));
    let kto = || Kto::new().beta(1.0).undesirable_weight(2.0).of(&policy, &reference, &label).reduce(Reduction::None);
    let (p, q) = (1.0 / (1.0 + (-1f64).exp()), 1.0 / (1.0 + 1f64.exp()));
    check([
        Point::new("without others", kto(), [q, 2.0 * p, 0.0, 0.0]).gradient(&policy, [-p * q, 2.0 * p * q, 0.0, 0.0]),
        Point::new("others that lead as much", kto().kl(&row(&[0.5, 1.5])), [0.5, 1.0, 0.0, 0.0])
            .gradient(&policy, [-0.25, 0.5, 0.0, 0.0]),
        Point::new("others that lag", kto().kl(&row(&[-3.0, 1.0])), [q, 2.0 * p, 0.0, 0.0]),
        Point::new("a NaN among the others", kto().kl(&row(&[NAN, 1.0])), [NAN; 4]),
        Point::new("a mean of nothing", kto().kl(&Array::new::<f64>(&[], [0]).unwrap()), [NAN; 4]),
    ]);
}

fn ratios_beyond_their_bounds() {
    // ratios of e¹⁰⁰, exactly 2, and 1
    let new = row(&[100.0, LN_2, 0.0]);
    let old = row(&[0.0; 3]);
    let ppo = |kind, advantage: f64| {
        let loss = PpoPolicy::new().kind(kind).dual_clip_ratio(2.0).clip_low(0.5).clip_high(0.5);
        loss.of(&new, &old, &row(&[advantage; 3])).reduce(Reduction::None)
    };
    let kl = |kind| KlPenalty::new().kind(kind).clip(1.0).of(&new, &old).reduce(Reduction::None);
    let k3 = (-1f64).exp();
    let points = vec![
        Point::new("a negative advantage", ppo(PpoKind::DualClip, -1.0), [2.0, 2.0, 1.0])
            .gradient(&new, [0.0, 1.0, 1.0]),
        Point::new("a positive advantage", ppo(PpoKind::DualClip, 1.0), [-1.5, -1.5, -1.0])
            .gradient(&new, [0.0, 0.0, -1.0]),
        // −min(r, 1.5)·A·new
        Point::new("a constant ratio", ppo(PpoKind::Cispo, 2.0), [-300.0, -3.0 * LN_2, 0.0])
            .gradient(&new, [-3.0, -3.0, -2.0]),
        Point::new("no advantage", ppo(PpoKind::Cispo, 0.0), [0.0; 3]).gradient(&new, [0.0; 3]),
        Point::new("k1 beyond its bound", kl(KlEstimate::K1), [1.0, LN_2, 0.0]).gradient(&new, [0.0, 1.0, 1.0]),
        Point::new("k3 beyond its bound", kl(KlEstimate::K3), [k3, 0.5 - 1.0 + LN_2, 0.0])
            .gradient(&new, [0.0, 0.5, 0.0]),
    ];
    check(points);
}
