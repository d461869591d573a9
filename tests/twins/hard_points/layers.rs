//! Hard points of a student's linear layer that is compared with a teacher's layer.

use crate::harness::tests;
use crate::point::{Point, check, floats};
use libtest_mimic::Trial;
use wgloss::{Array, Distillation, DistillationDirection, Extra, LinearDistillation, Reduction, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        a_student_who_is_near_keeps_the_digits_of_a_small_loss,
        the_teachers_own_layer_costs_nothing,
        identity_layers_pass_their_rows_on_as_logits,
        a_row_that_is_not_finite_is_nan_unless_it_is_left_out,
    ]
}

const DIRECTIONS: [DistillationDirection; 3] =
    [DistillationDirection::Forward, DistillationDirection::Reverse, DistillationDirection::Js];

/// A row whose logits are `gap` and 0: the first class's weight picks the row's first element, and the other's is 0.
fn gap(temperature: f32, gap: f64) -> ([Array; 2], Term<Array>) {
    let (x, w) = (floats(&[gap, 5.0], &[1, 2]), floats(&[1.0, 0.0, 0.0, 0.0], &[2, 2]));
    let (teacher, weight) = (floats(&[1.0, -2.0, 4.0], &[1, 3]), floats(&[0.0; 6], &[2, 3]));
    let term = LinearDistillation::new().temperature(temperature).of(&x, &w, &teacher, &weight);
    ([x, w], term)
}

fn a_student_who_is_near_keeps_the_digits_of_a_small_loss() {
    let points = [(1.0f32, 1e-2f64), (1.0, 1e-6), (4.0, 1e-3), (0.5, 1e-5)].map(|(temperature, of)| {
        // The teacher gives both classes ½, so the loss is T²·log cosh(gap/2T). This is its series.
        let (t, ([x, w], term)) = (f64::from(temperature), gap(temperature, of));
        let half = of / t / 2.0;
        let loss = t * t * half.powi(2) / 2.0 * (1.0 - half.powi(2) / 6.0 + half.powi(4) / 22.5);
        let slope = t * 0.5 * half.tanh();
        Point::new("near", term, [loss])
            .gradient(&x, [slope, 0.0])
            .gradient(&w, [slope * of, slope * 5.0, -slope * of, -slope * 5.0])
    });
    check(points);
}

fn the_teachers_own_layer_costs_nothing() {
    let layer = || (floats(&[0.5, -3.0, 9.0, 2.0], &[2, 2]), floats(&[1.0, 2.0, 0.25, -4.0, 8.0, 3.0], &[3, 2]));
    let ((x, w), (teacher, weight)) = (layer(), layer());
    check(DIRECTIONS.map(|direction| {
        let term = LinearDistillation::new().direction(direction).temperature(2.0).of(&x, &w, &teacher, &weight);
        Point::new("the teacher's own", term, [0.0]).gradient(&x, [0.0; 4]).gradient(&w, [0.0; 6])
    }));
}

fn identity_layers_pass_their_rows_on_as_logits() {
    let (x, t) = (floats(&[0.5, -1.0, 2.0], &[1, 3]), floats(&[1.0, 0.25, -0.5], &[1, 3]));
    let [identity, of_teacher] = [(); 2].map(|()| floats(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], &[3, 3]));
    for direction in DIRECTIONS {
        let of_logits = Distillation::new().direction(direction).temperature(3.0).softcap(1.5).of(&x, &t);
        let (value, [d]) = cpu::gradients(&of_logits, [&x]).unwrap();
        let loss = LinearDistillation::new().direction(direction).temperature(3.0).softcap(1.5);
        let d = d.to_f64();
        let of_weight = [0, 1, 2].map(|class| x.to_f64().into_iter().map(move |x| (class, x)));
        let of_weight: Vec<f64> = of_weight.into_iter().flatten().map(|(class, x)| d[class] * x).collect();
        let term = loss.of(&x, &identity, &t, &of_teacher);
        let point = Point::new("identity layers", term, [value.loss().unwrap()]);
        check([point.gradient(&x, d).gradient(&identity, of_weight)]);
    }
}

fn a_row_that_is_not_finite_is_nan_unless_it_is_left_out() {
    let (nan, half) = (f64::NAN, 0.5 * 0.5f64.tanh());
    let (w, weight) = (floats(&[1.0, 0.0], &[2, 1]), floats(&[0.0, 0.0], &[2, 1]));
    let mask = floats(&[1.0, 0.0], &[2]);
    for out in [nan, f64::INFINITY, f64::NEG_INFINITY] {
        let (x, bad) = (floats(&[1.0, 3.0], &[2, 1]), floats(&[0.0, out], &[2, 1]));
        let loss = 0.5f64.cosh().ln();
        let of =
            |x: &Array, teacher: &Array| LinearDistillation::new().of(x, &w, teacher, &weight).reduce(Reduction::None);
        let seen = Point::new("seen", of(&x, &bad), [loss, nan]).gradient(&x, [half, nan]).gradient(&w, [nan, nan]);
        let masked = of(&x, &bad).with(Extra::Mask, &mask);
        let unseen = Point::new("left out", masked, [loss, 0.0]).gradient(&x, [half, 0.0]).gradient(&w, [half, -half]);
        let student = floats(&[1.0, out], &[2, 1]);
        let of_student = of(&student, &x).with(Extra::Mask, &mask);
        let unseen_student = Point::new("a student left out", of_student, [loss, 0.0]).gradient(&w, [half, -half]);
        check([seen, unseen, unseen_student]);
    }
}
