//! Hard points of the hardest triplets of a batch: ties, equal rows, anchors without a pair, rows that are not finite.

use crate::harness::tests;
use crate::point::{Point, check, floats};
use libtest_mimic::Trial;
use wgloss::{Array, Extra, Reduction, Term, TripletHard, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        triplets_at_their_kinks,
        equally_hard_rows_share_the_gradient,
        an_anchor_without_either_pair_is_left_out,
        a_distance_of_0_has_no_gradient,
        close_rows_keep_their_digits,
        rows_that_are_not_finite,
        shards_of_anchors_have_the_gradients_of_the_whole,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn labels(labels: &[i64]) -> Array {
    Array::new(labels, [labels.len()]).unwrap()
}

/// The unreduced loss of rows on a line.
fn on_a_line(loss: &TripletHard, x: &Array, of: &[i64]) -> Term<Array> {
    loss.of(x, &labels(of)).reduce(Reduction::None)
}

fn triplets_at_their_kinks() {
    let loss = TripletHard::new().margin(1.0);
    let x = floats(&[0.0, 2.0, 3.0], &[3, 1]);
    let far = floats(&[0.0, 2.0, 7.0], &[3, 1]);
    let soft = TripletHard::new().soft(true);
    // the second anchor has distances of 2 and 1; the first has 2 and 3, and its hinge is exactly at 0
    let [a, b] = [1.0f64, -1.0].map(|apart| apart.exp().ln_1p());
    let [of_a, of_b] = [1.0f64, -1.0].map(|apart| 1.0 / (1.0 + (-apart).exp()));
    check([
        Point::new("at the margin, and within it", on_a_line(&loss, &x, &[5, 5, 6]), [0.0, 2.0, 0.0])
            // rows 0 and 1 pull each other and push row 2 away
            .gradient(&x, [-1.0 + 1.0 - 1.0, 1.0 + 1.0 + 1.0, -1.0 - 1.0]),
        Point::new("beyond the margin", on_a_line(&loss, &far, &[5, 5, 6]), [0.0, 0.0, 0.0]).gradient(&far, [0.0; 3]),
        Point::new("soft", on_a_line(&soft, &x, &[5, 5, 6]), [b, a, 0.0])
            .gradient(&x, [-of_b + of_b - of_a, of_b + of_a + of_a, -of_b - of_a]),
        Point::new(
            "soft, and far beyond any margin",
            on_a_line(&soft, &floats(&[0.0, 1.0, 1e30], &[3, 1]), &[5, 5, 6]),
            [0.0; 3],
        ),
    ]);
}

fn equally_hard_rows_share_the_gradient() {
    let loss = TripletHard::new().margin(0.0);
    // the anchor in the middle has two positives at a distance of 3, and three negatives at a distance of 2: at −2, 2 and 2
    let x = floats(&[0.0, -3.0, 3.0, -2.0, 2.0, 2.0], &[6, 1]);
    let term = loss.of(&x, &labels(&[1, 1, 1, 2, 3, 4]));
    let anchor = floats(&[0.0], &[1, 1]);
    let third = 1.0 / 3.0;
    check([Point::new("one anchor", term.with(Extra::Anchors, &anchor).rows_from(0).reduce(Reduction::None), [1.0])
        // the two halves of the pull cancel; each negative has a third of the push, and two of them lie on the same side
        .gradient(&anchor, [third])
        .gradient(&x, [0.0, -0.5, 0.5, third, -third, -third])]);
}

fn an_anchor_without_either_pair_is_left_out() {
    let loss = TripletHard::new().margin(1.0);
    let x = floats(&[0.0, 2.0, 3.0], &[3, 1]);
    let whole = |of: &[i64]| loss.of(&x, &labels(of));
    // the third row has no positive; labels may be any numbers
    check([
        Point::new("a mean of two", whole(&[i64::MIN, i64::MIN, i64::MAX]), [1.0]).parts([(2.0, 2.0)]),
        Point::new("no negative", whole(&[5, 5, 5]), [NAN]).gradient(&x, [0.0; 3]),
        Point::new("no positive", whole(&[5, 6, 7]), [NAN]).gradient(&x, [0.0; 3]),
        Point::new("no positive, summed", whole(&[5, 6, 7]).reduce(Reduction::Sum), [0.0]).gradient(&x, [0.0; 3]),
    ]);
}

fn a_distance_of_0_has_no_gradient() {
    let loss = TripletHard::new().margin(1.0);
    let x = floats(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0], &[3, 2]);
    let y = floats(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.5], &[3, 2]);
    check([
        Point::new("all at one place", on_a_line(&loss, &x, &[5, 5, 6]), [1.0, 1.0, 0.0]).gradient(&x, [0.0; 6]),
        Point::new("a positive at the anchor's", on_a_line(&loss, &y, &[5, 5, 6]), [0.5, 0.5, 0.0])
            .gradient(&y, [0.0, 1.0, 0.0, 1.0, 0.0, -2.0]),
    ]);
}

fn close_rows_keep_their_digits() {
    let loss = TripletHard::new().margin(0.0);
    // the rows differ by the last bit of numbers near 4096, where |a|² + |b|² − 2·a·b would be 0 in f32
    let bit = f64::from(f32::EPSILON) * 4096.0;
    let x = floats(&[4096.0, 4096.0 + 2.0 * bit, 4096.0 + 3.0 * bit], &[3, 1]);
    check([
        Point::new("close", on_a_line(&loss, &x, &[5, 5, 6]), [0.0, bit, 0.0]).gradient(&x, [-1.0, 1.0 + 1.0, -1.0])
    ]);
}

fn rows_that_are_not_finite() {
    let loss = TripletHard::new();
    for strange in [NAN, INF] {
        let x = floats(&[0.0, 2.0, strange, 3.0], &[4, 1]);
        check([
            // every row is compared with the strange one
            Point::new("a positive", on_a_line(&loss, &x, &[5, 5, 5, 6]), [NAN, NAN, NAN, 0.0]).gradient(&x, [NAN; 4]),
            Point::new("a negative", on_a_line(&loss, &x, &[5, 5, 6, 6]), [NAN; 4]).gradient(&x, [NAN; 4]),
            Point::new("alone of its label", on_a_line(&loss, &x, &[5, 5, 7, 6]), [NAN, NAN, NAN, 0.0])
                .gradient(&x, [NAN; 4]),
        ]);
        let alone = floats(&[strange], &[1, 1]);
        check([Point::new("a row alone", loss.of(&alone, &labels(&[5])), [NAN]).gradient(&alone, [0.0])]);
    }
}

fn shards_of_anchors_have_the_gradients_of_the_whole() {
    let x = floats(&[0.5, -1.0, 2.0, 0.25, 1.0, -0.5, 0.0, 3.0, -2.0, 1.5], &[5, 2]);
    let of = labels(&[1, 2, 1, 2, 1]);
    let loss = TripletHard::new();
    let (outcome, [whole]) = cpu::gradients(&loss.of(&x, &of).reduce(Reduction::Sum), [&x]).unwrap();
    let (mut sum, mut gradient) = (0.0, vec![0.0; 10]);
    for (first, end) in [(0, 2), (2, 5)] {
        let anchors = floats(&x.to_f64()[2 * first..2 * end], &[end - first, 2]);
        let term = loss.of(&x, &of).with(Extra::Anchors, &anchors).rows_from(first).reduce(Reduction::Sum);
        let (outcome, [of_anchors, of_all]) = cpu::gradients(&term, [&anchors, &x]).unwrap();
        sum += outcome.loss().unwrap();
        gradient.iter_mut().zip(of_all.to_f64()).for_each(|(sum, d)| *sum += d);
        gradient[2 * first..].iter_mut().zip(of_anchors.to_f64()).for_each(|(sum, d)| *sum += d);
    }
    assert!((sum - outcome.loss().unwrap()).abs() <= 1e-14, "{sum}");
    for (got, want) in gradient.iter().zip(whole.to_f64()) {
        assert!((got - want).abs() <= 1e-14, "{gradient:?}, not {:?}", whole.to_f64());
    }
}
