//! Hard points of preference learning: kinks, answers that are almost certain, ratios beyond any bound, means over nothing.

use crate::harness::tests;
use crate::point::{Point, check, floats, labels, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{
    Array, Dpo, DpoKind, Extra, KlEstimate, KlPenalty, Kto, LinearDpo, Orpo, PpoKind, PpoPolicy, PpoValue, Reduction,
    Simpo,
};

pub fn tests() -> Vec<Trial> {
    tests![
        answers_that_are_almost_certain,
        log_ratio_gaps_at_their_kinks,
        single_answers_and_their_reference,
        ratios_beyond_their_bounds,
        values_without_end,
        ratios_of_whole_sequences,
        means_over_sequences,
        answers_of_tokens_in_any_order,
        answers_beyond_numbers,
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
        // the chosen answer is certain: its odds are infinite, and its derivative is −1 minus the odds of the rejected
        // answer
        ("a certain answer", 0.0, half, 0.0, -2.0, 0.0),
        // odds of 10⁸ against 1: −log σ(z) is 1e-8
        ("an almost certain answer", -1e-8, half, 2e-8, -2.0, 2e-8),
    ] {
        let (c, r, term) = orpo(c, r);
        points.push(Point { rtol: 2e-8, ..Point::new(name, term, [want]).gradient(&c, [of_c]).gradient(&r, [of_r]) });
    }
    for certain in [0.0, -0.0] {
        // its odds grow without end, and the loss with them
        let (_, r, term) = orpo(-1.0, certain);
        points.push(Point::new("a certain answer that is rejected", term, [INF]).gradient(&r, [INF]));
    }
    points.push(Point::new("no log of a probability", orpo(0.5, -1.0).2, [NAN]));
    points.push(Point::new("an impossible answer", orpo(-INF, -1.0).2, [INF]));
    let (c, r) = (row(&[-1.0, -1e4]), row(&[-1.5, 0.0]));
    let simpo = Simpo::new().beta(2.0).gamma(1.0).of(&c, &r).reduce(Reduction::None);
    points.push(Point::new("a margin that is met, and not", simpo, [LN_2, 20001.0]).gradient(&c, [-1.0, -2.0]));
    check(points);
}

fn log_ratio_gaps_at_their_kinks() {
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

/// Weights of 0 and biases of 0 and log 3 give the two classes the probabilities ¼ and ¾, whatever the hidden states are.
fn answers_of_tokens_in_any_order() {
    let (hidden, weight) = (floats(&[1.0, 2.0, 3.0, 4.0, NAN, 5.0], &[6, 1]), floats(&[0.0, 0.0], &[2, 1]));
    let bias = row(&[0.0, 3f64.ln()]);
    // two tokens of the chosen answer 0, and one of its rejected partner 2; two tokens of the chosen answer 1, whose
    // partner 3 has only an ignored token
    let (target, segments) = (labels(&[1, 0, 1, 0, -100, 1]), labels(&[0, 2, 0, 1, 3, 1]));
    let (of_0, of_1) = (0.25f64.ln(), 0.75f64.ln());
    let reference = row(&[2.0 * of_1 - 3.0, of_0 + of_1, of_0 + 1.0, 0.0]);
    let term = |kind, reference: &Array| {
        let loss = LinearDpo::new().kind(kind).beta(0.5).of(&hidden, &weight, &target, &segments, reference);
        loss.with(Extra::Bias, &bias).reduce(Reduction::None)
    };
    // the gaps, the chosen answer's log-ratio less the rejected one's, are 3 + 1 and 0: z is 2 and 0
    let (soft, sure) = ((-2f64).exp().ln_1p(), 1.0 / (1.0 + 2f64.exp()));
    // the gradient of the bias of class 1, whose probability is ¾: each token adds its answer's slope times 1[label = 1] −
    // ¾. Answer 0 has two tokens of label 1, answer 2 one of label 0, answer 1 one of each
    let of_bias = -0.5 * sure * (2.0 * 0.25 + 0.75) - 0.25 * (0.25 - 0.75);
    let sigmoid = Point::new("sigmoid", term(DpoKind::Sigmoid, &reference), [soft, LN_2]);
    // means over the tokens of each answer; answer 3 has none
    let means = row(&[of_1 - 3.0, 0.5 * (of_0 + of_1), of_0 + 1.0, 0.0]);
    check([
        sigmoid.gradient(&bias, [-of_bias, of_bias]).gradient(&hidden, [0.0; 6]),
        Point::new("hinge", term(DpoKind::Hinge, &reference), [0.0, 1.0]),
        // gaps of 4 and 0, less 1/(2β) = 1
        Point::new("ipo", term(DpoKind::Ipo, &means), [9.0, 1.0]),
    ]);
}

fn answers_beyond_numbers() {
    let (weight, reference) = (floats(&[1.0, -1.0], &[2, 1]), row(&[0.0; 4]));
    let (target, segments) = (labels(&[0, 1, 0, 0]), labels(&[0, 2, 1, 3]));
    let hidden = |x: [f64; 4]| floats(&x, &[4, 1]);
    let term = |hidden: &Array, reference: &Array, bias: [f64; 2]| {
        let loss = LinearDpo::new().beta(1.0).of(hidden, &weight, &target, &segments, reference);
        loss.with(Extra::Bias, &row(&bias)).reduce(Reduction::None)
    };
    let (far, unknown) = (hidden([300.0, 300.0, -300.0, 300.0]), hidden([0.0, NAN, 1.0, 1.0]));
    // the probability of class 1 where the hidden state is 1
    let second = 1.0 / (1.0 + 2f64.exp());
    check([
        // the log-probabilities of the pairs are 0 and −600, and −600 and 0: their gaps are far beyond the range of a
        // softmax in f32
        Point::new("far apart", term(&far, &reference, [0.0, 0.0]), [(-600f64).exp(), 600.0])
            .gradient(&far, [-2.0 * (-1200f64).exp(), -2.0 * (-600f64).exp(), -2.0, 2.0 * (-600f64).exp()]),
        // a token of NaN makes its own pair NaN, and no other
        Point::new("a token of NaN", term(&unknown, &reference, [0.0, 0.0]), [NAN, LN_2])
            .gradient(&unknown, [NAN, NAN, -second, second]),
        // class 1 is masked, and answer 2 has a token of this class: it is impossible, so its partner is certainly better
        Point::new("an impossible answer", term(&hidden([0.0; 4]), &reference, [0.0, -INF]), [0.0, LN_2]),
        Point::new(
            "an impossible reference",
            term(&hidden([0.0; 4]), &row(&[0.0, 0.0, -INF, 0.0]), [0.0, 0.0]),
            [INF, LN_2],
        ),
        Point::new("impossible twice", term(&hidden([0.0; 4]), &row(&[0.0, 0.0, -INF, 0.0]), [0.0, -INF]), [NAN, LN_2]),
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

/// The difference of equal infinities is unknown, and so is the greater of two errors of which one is unknown.
fn values_without_end() {
    let ppo = |v: f64, old: f64, returns: f64| {
        let v = row(&[v]);
        (v.clone(), PpoValue { clip: 0.25 }.of(&v, &row(&[old]), &row(&[returns])).reduce(Reduction::None))
    };
    let point =
        |name, (v, term): (Array, _), loss: f64, slope: f64| Point::new(name, term, [loss]).gradient(&v, [slope]);
    check([
        point("a value", ppo(INF, 0.0, 1.0), INF, INF),
        point("a value and the old one", ppo(INF, INF, 1.0), NAN, NAN),
        point("the old value and the return", ppo(1.0, -INF, -INF), NAN, NAN),
        point("a return", ppo(1.0, 0.0, INF), INF, -INF),
    ]);
}

fn ratios_of_whole_sequences() {
    let ppo = PpoPolicy::new().kind(PpoKind::Sequence).clip_low(0.5).clip_high(1.5);
    // the log-ratios of the four sequences: 2·log 2 and 0, with the mean log 2; log 2 and a masked token; −∞ and 0; two
    // masked tokens
    let new = floats(&[2.0 * LN_2, 0.0, LN_2, NAN, -INF, 0.0, NAN, INF], &[4, 2]);
    let advantages = floats(&[1.0, 3.0, 2.0, NAN, -1.0, 1.0, NAN, 1.0], &[4, 2]);
    let mask = floats(&[1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0], &[4, 2]);
    let of = |loss: &PpoPolicy| loss.of(&new, &floats(&[0.0; 8], &[4, 2]), &advantages).mask(&mask);
    let upstream = floats(&[1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], &[4, 2]);
    let none = of(&ppo).reduce(Reduction::None).upstream(&upstream);
    // the two values of the first sequence have slopes of −2 and −6, which its two tokens share equally
    let values = [-2.0, -6.0, -4.0, 0.0, 0.5, 0.0, 0.0, 0.0];
    let unknown = floats(&[NAN, 0.0, 1.0, 1.0], &[2, 2]);
    check([
        Point::new("not reduced", none, values).gradient(&new, [-7.0, -7.0, -4.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        Point::new("the sum", of(&ppo).reduce(Reduction::Sum), [-11.5])
            .gradient(&new, [-4.0, -4.0, -4.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        // 5 tokens take part
        Point::new("the mean", of(&ppo), [-2.3]).gradient(&new, [-0.8, -0.8, -0.8, 0.0, 0.0, 0.0, 0.0, 0.0]),
        // a ratio of 2 is beyond 1.25
        Point::new("a bound", of(&ppo.clone().clip_high(0.25)).reduce(Reduction::Sum), [-1.25 - 3.75 - 2.5 + 0.5])
            .gradient(&new, [0.0; 8]),
        Point::new(
            "a NaN makes all of its sequence NaN",
            ppo.of(&unknown, &unknown, &floats(&[1.0; 4], &[2, 2])).reduce(Reduction::None),
            [NAN, NAN, -1.0, -1.0],
        )
        .gradient(&unknown, [NAN, NAN, -1.0, -1.0]),
    ]);
}

fn means_over_sequences() {
    let advantages = floats(&[1.0, 2.0, 3.0, NAN, NAN, INF], &[3, 2]);
    let new = floats(&[-1.0; 6], &[3, 2]);
    // of the second sequence one token takes part, of the third none
    let mask = floats(&[1.0, 1.0, 1.0, 0.0, 0.0, 0.0], &[3, 2]);
    let ppo = || PpoPolicy::new().entropy_coef(0.5).of(&new, &floats(&[-1.0; 6], &[3, 2]), &advantages).mask(&mask);
    let mean = || ppo().reduce(Reduction::SequenceMean);
    let entropy = floats(&[2.0; 6], &[3, 2]);
    let weights = floats(&[4.0, 1.0, 2.0, 1.0, 1.0, 1.0], &[3, 2]);
    let kl = KlPenalty::new().of(&new, &floats(&[-2.0, -3.0, -4.0, -5.0, -6.0, -7.0], &[3, 2]));
    check([
        Point::new("the mean", mean(), [-1.5])
            .gradient(&new, [-1.0 / 6.0, -1.0 / 3.0, -1.0, 0.0, 0.0, 0.0])
            .parts([(-4.5, 3.0)]),
        Point::new("another denominator", mean().divide_by(9.0), [-0.5]).parts([(-4.5, 9.0)]),
        // sample weights multiply values, and don't change the denominator
        Point::new("sample weights", mean().sample_weight(&weights), [-3.0])
            .gradient(&new, [-2.0 / 3.0, -1.0 / 3.0, -2.0, 0.0, 0.0, 0.0]),
        // the entropy subtracts ½·2 in each of the two sequences that have tokens
        Point::new("an entropy", mean().entropy(&entropy), [-6.5 / 3.0])
            .gradient(&entropy, [-1.0 / 12.0, -1.0 / 12.0, -1.0 / 6.0, 0.0, 0.0, 0.0]),
        Point::new("without a mask", kl.reduce(Reduction::SequenceMean), [3.5]).gradient(&new, [1.0 / 6.0; 6]),
    ]);
}
