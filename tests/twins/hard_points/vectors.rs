//! Hard points of the losses of vectors: zeros, kinks, equal distances, vectors whose squares overflow or vanish.

use crate::harness::tests;
use crate::point::{Point, check, floats, row};
use libtest_mimic::Trial;
use wgloss::{
    Array, Contrastive, ContrastiveDistance, CosineEmbedding, CosineSimilarity, Extra, Reduction, TripletMargin,
};

pub fn tests() -> Vec<Trial> {
    tests![
        cosines_of_zeros,
        cosines_of_short_and_long_vectors,
        cosine_embedding_at_its_kink_and_beyond_its_targets,
        small_angles_keep_their_digits,
        contrastive_at_its_kinks,
        triplets_at_their_kinks,
        distances_by_every_power,
        equally_great_differences_share_a_slope_at_every_power,
        rows_that_are_masked,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn one(vector: &[f64]) -> Array {
    floats(vector, &[1, vector.len()])
}

fn cosines_of_zeros() {
    let (zero, a) = (one(&[0.0, 0.0]), one(&[3.0, 4.0]));
    let agree = |x: &Array, y: &Array| CosineEmbedding::default().of(x, y, &row(&[1.0]));
    let differ = |x: &Array, y: &Array| CosineEmbedding::default().of(x, y, &row(&[-1.0]));
    check([
        Point::new("a zero", agree(&zero, &a), [1.0]).gradient(&zero, [0.0, 0.0]).gradient(&a, [0.0, 0.0]),
        Point::new("a zero second", agree(&a, &zero), [1.0]).gradient(&zero, [0.0, 0.0]).gradient(&a, [0.0, 0.0]),
        Point::new("two zeros", agree(&zero, &zero), [1.0]).gradient(&zero, [0.0, 0.0]),
        // the cosine of 0 lies on the margin of 0, where the loss's derivative is 1, but a zero vector has no gradient
        Point::new("a zero at the margin", differ(&zero, &a), [0.0]).gradient(&a, [0.0, 0.0]),
        Point::new("a zero, squared", CosineSimilarity::default().of(&zero, &a, &row(&[0.5])), [0.25])
            .gradient(&zero, [0.0, 0.0]),
        Point::new(
            "a zero at a distance",
            Contrastive { distance: ContrastiveDistance::Cosine, margin: 1.5 }.of(&zero, &a, &row(&[0.0])),
            [0.125],
        )
        .gradient(&zero, [0.0, 0.0]),
        Point::new("no coordinates", agree(&floats(&[], &[1, 0]), &floats(&[], &[1, 0])), [1.0]),
    ]);
}

fn cosines_of_short_and_long_vectors() {
    let a = one(&[3.0, 4.0]);
    let agree = |x: &Array, y: &Array| CosineEmbedding::default().of(x, y, &row(&[1.0]));
    // the vector is shorter than 1e-8, so it is divided by 1e-8, which is a constant in the derivative
    let short = one(&[3e-9, 4e-9]);
    check([
        Point::new("short", agree(&short, &a), [0.5]).gradient(&short, [-0.6e8, -0.8e8]).gradient(&a, [0.0, 0.0]),
        Point::new("short and across", agree(&one(&[4e-9, -3e-9]), &a), [1.0]).gradient(&a, [-0.08, 0.06]),
        Point::new("tiny", agree(&one(&[3e-30, 4e-30]), &a), [1.0 - 5e-22]),
        Point::new("long", agree(&one(&[4e30, -3e30]), &a), [1.0]).gradient(&a, [-0.16, 0.12]),
        Point::new("parallel", agree(&one(&[3e30, 4e30]), &a), [0.0]).gradient(&a, [0.0, 0.0]),
    ]);
}

fn cosine_embedding_at_its_kink_and_beyond_its_targets() {
    let (x, y) = (one(&[1.0, 0.0]), one(&[0.0, 2.0]));
    let term = |target: f64, margin| CosineEmbedding { margin }.of(&x, &y, &row(&[target]));
    check([
        Point::new("at the margin", term(-1.0, 0.0), [0.0]).gradient(&x, [0.0, 1.0]).gradient(&y, [0.5, 0.0]),
        Point::new("below the margin", term(-1.0, 0.25), [0.0]).gradient(&x, [0.0, 0.0]),
        Point::new("above the margin", term(-1.0, -0.25), [0.25]).gradient(&x, [0.0, 1.0]),
        Point::new("another target", term(0.5, -0.25), [0.0]).gradient(&x, [0.0, 0.0]),
        Point::new("a NaN target", term(NAN, 0.0), [NAN]).gradient(&x, [NAN, NAN]),
        Point::new("an infinite vector", CosineEmbedding::default().of(&one(&[INF, 1.0]), &y, &row(&[-1.0])), [NAN]),
    ]);
}

/// An angle of 1e-6: the cosine is 1 − 5e-13.
fn small_angles_keep_their_digits() {
    let (x, y) = (one(&[2.0, 0.0]), one(&[1.0, 1e-6]));
    let (squared, length) = (1e-12, (1.0f64 + 1e-12).sqrt());
    // 1 − 1/length without cancellation
    let distance = squared / (length * (1.0 + length));
    let near = |name, term, loss: f64| Point { rtol: 1e-9, ..Point::new(name, term, [loss]) };
    let cosine = Contrastive { distance: ContrastiveDistance::Cosine, ..Default::default() };
    check([
        near("cosine embedding", CosineEmbedding::default().of(&x, &y, &row(&[1.0])), distance),
        near("cosine similarity", CosineSimilarity::default().of(&x, &y, &row(&[1.0])), distance * distance),
        near("contrastive", cosine.of(&x, &y, &row(&[1.0])), 0.5 * distance * distance),
    ]);
}

fn contrastive_at_its_kinks() {
    let (x, y) = (one(&[3.0, 4.0]), one(&[0.0, 0.0]));
    // the option is an f32, so that eps is not exactly 1e-6
    let eps = f64::from(1e-6f32);
    let d = ((3.0 + eps).powi(2) + (4.0 + eps).powi(2)).sqrt();
    let term = |x: &Array, target: f64, margin| Contrastive { margin, ..Default::default() }.of(x, &y, &row(&[target]));
    let same = one(&[-eps, -eps]);
    check([
        Point::new("similar", term(&x, 1.0, 1.0), [0.5 * d * d]).gradient(&x, [3.0 + eps, 4.0 + eps]),
        Point::new("beyond the margin", term(&x, 0.0, 5.0), [0.0]).gradient(&x, [0.0, 0.0]),
        Point::new("between", term(&x, 0.25, 1.0), [0.125 * d * d]),
        Point::new("no distance, similar", term(&same, 1.0, 1.0), [0.0]).gradient(&same, [0.0, 0.0]),
        Point::new("no distance, to be kept", term(&same, 0.0, 1.0), [0.5])
            .gradient(&same, [0.0, 0.0])
            .gradient(&y, [0.0, 0.0]),
        Point::new("an infinite distance, similar", term(&one(&[INF, 0.0]), 1.0, 1.0), [INF]),
        Point::new("0·∞", term(&one(&[INF, 0.0]), 0.0, 1.0), [NAN]),
        Point::new("equal infinities", Contrastive::default().of(&one(&[INF]), &one(&[INF]), &row(&[1.0])), [NAN]),
    ]);
}

fn triplets_at_their_kinks() {
    let eps = f64::from(f32::MIN_POSITIVE);
    let triplet = TripletMargin { margin: 1.0, eps: f32::MIN_POSITIVE, ..Default::default() };
    // distances of 2 and 3; so small an eps changes neither. A coordinate of eps makes `a − p + eps` exactly 0
    let (a, p, n) = (one(&[0.0, 0.0]), one(&[2.0, eps]), one(&[eps, 3.0]));
    let swapped = TripletMargin { swap: true, ..triplet.clone() };
    // the negative is as far from the anchor as from the positive
    let (a2, p2, n2) = (one(&[0.0, 0.0]), one(&[6.0, eps]), one(&[3.0, 4.0]));
    let (nearer, farther) = (one(&[2.0, 1.0]), one(&[-2.0, 1.0]));
    let manhattan = TripletMargin { p: 1.0, ..triplet.clone() };
    let on = one(&[-eps, -eps]);
    check([
        Point::new("at the margin", triplet.of(&a, &p, &n), [0.0])
            .gradient(&a, [-1.0, 1.0])
            .gradient(&p, [1.0, 0.0])
            .gradient(&n, [0.0, -1.0]),
        Point::new("beyond the margin", TripletMargin { margin: 0.5, ..triplet.clone() }.of(&a, &p, &n), [0.0])
            .gradient(&a, [0.0, 0.0]),
        Point::new("a negative that is equally far", swapped.of(&a2, &p2, &n2), [2.0])
            .gradient(&a2, [-1.0 + 0.3, 0.4])
            .gradient(&p2, [1.0 - 0.3, 0.4])
            .gradient(&n2, [0.0, -0.8]),
        Point::new("a negative nearer to the positive", swapped.of(&a, &p, &nearer), [2.0])
            .gradient(&a, [-1.0, 0.0])
            .gradient(&p, [1.0, 1.0])
            .gradient(&nearer, [eps, -1.0]),
        Point::new("a negative nearer to the anchor", swapped.of(&a, &p, &farther), [3.0 - 5f64.sqrt()]),
        Point::new("no distance", triplet.of(&on, &a, &p), [0.0]).gradient(&a, [0.0, 0.0]),
        Point::new("no distance within the margin", triplet.of(&on, &a, &one(&[0.5, 0.0])), [0.5])
            .gradient(&a, [0.0, 0.0])
            .gradient(&on, [1.0, 0.0]),
        Point::new("a difference of 0", manhattan.of(&one(&[1.0, -eps]), &a, &a), [1.0]),
        Point::new("an infinite positive", triplet.of(&a, &one(&[INF, 0.0]), &n), [INF]),
        Point::new("an infinite negative", triplet.of(&a, &p, &one(&[INF, 0.0])), [0.0]).gradient(&a, [0.0, 0.0]),
        Point::new("both infinite", triplet.of(&one(&[INF, 0.0]), &p, &n), [NAN]),
        Point::new("a NaN", triplet.of(&a, &p, &one(&[NAN, 0.0])), [NAN]).gradient(&a, [NAN, NAN]),
    ]);
}

fn distances_by_every_power() {
    let (a, p, n) = (one(&[3.0, 4.0]), one(&[0.0, 0.0]), one(&[3.0, 4.0]));
    // the negative equals the anchor, so its distance comes from eps alone
    let of = |power: f32, factor: f64| {
        let scaled = |v: &Array| one(&v.to_f64().iter().map(|x| factor * x).collect::<Vec<_>>());
        let (a, p, n) = (scaled(&a), scaled(&p), scaled(&n));
        let loss = TripletMargin { p: power, margin: 0.0, eps: f32::MIN_POSITIVE, swap: false };
        (a.clone(), loss.of(&a, &p, &n).reduce(Reduction::Sum))
    };
    let mut points = Vec::new();
    for power in [0.5f32, 1.0, 1.5, 2.0, 3.0, 10.0, 300.0] {
        let q = f64::from(power);
        for factor in [1e-15, 1.0, 1e15, 1e150] {
            let (_, term) = of(power, factor);
            let shares = 1.0 + 0.75f64.powf(q);
            points.push(Point { rtol: 1e-12, ..Point::new("a power", term, [4.0 * factor * shares.powf(1.0 / q)]) });
        }
    }
    check(points);
}

/// The root of a large power is 1, rounded, but its power p is the number of the greatest differences.
fn equally_great_differences_share_a_slope_at_every_power() {
    let (a, p) = (one(&[1.0, -1.0]), one(&[0.0, 0.0]));
    let mut points = Vec::new();
    for power in [3.0f32, 1e8, 1e17, f32::MAX] {
        let loss = TripletMargin { p: power, margin: 0.0, eps: f32::MIN_POSITIVE, swap: false };
        let distance = 2f64.powf(1.0 / f64::from(power));
        let point = Point::new("a power", loss.of(&a, &p, &a).reduce(Reduction::Sum), [distance]);
        points.push(Point { rtol: 1e-12, ..point.gradient(&p, [-0.5 * distance, 0.5 * distance]) });
    }
    check(points);
}

fn rows_that_are_masked() {
    let x = floats(&[1.0, 0.0, NAN, 1.0], &[2, 2]);
    let y = floats(&[0.0, 1.0, 1.0, 1.0], &[2, 2]);
    let term = |kept: [f64; 2]| CosineEmbedding::default().of(&x, &y, &row(&[1.0, NAN])).with(Extra::Mask, &row(&kept));
    check([
        Point::new("a masked NaN", term([1.0, 0.0]), [1.0]).gradient(&x, [0.0, -1.0, 0.0, 0.0]).parts([(1.0, 1.0)]),
        Point::new("a mask of zeros", term([0.0, 0.0]), [NAN]).gradient(&x, [0.0; 4]).parts([(0.0, 0.0)]),
        Point::new("not reduced", term([3.0, 0.0]).reduce(Reduction::None), [1.0, 0.0]),
    ]);
}
