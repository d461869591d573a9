//! Small losses on the GPU keep their digits: they are right relative to their size, where a difference of large numbers
//! would leave noise.

use crate::gpu;
use crate::harness::tests;
use crate::judge::same;
use libtest_mimic::Trial;
use wgloss::{Array, CrossEntropy, Distillation, MultilabelSoftMargin, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![a_confident_right_answer, a_student_who_is_near,]
}

/// A few times the error of a driver's `exp` and `log` (17 units in the last place, 2e-6).
const RTOL: f64 = 1e-5;

fn row(numbers: &[f32]) -> Array {
    Array::new(numbers, [1, numbers.len()]).unwrap()
}

/// Compares one row's loss and its gradient with the twin's.
fn check(name: &str, term: &Term<Array>, of: &Array, below: f64) {
    let (want, [want_gradient]) = cpu::gradients(term, [of]).unwrap();
    let (got, [gradient]) = gpu().gradients(term, [of]).unwrap();
    let (got, want) = (f64::from(got.loss().wait().unwrap()), want.loss().unwrap());
    assert!(want > 0.0 && want < below, "{name}: {want} is not small");
    assert!((got - want).abs() <= RTOL * want, "{name}: {got} instead of {want}");
    same(&gradient.read().wait().unwrap(), &want_gradient).unwrap_or_else(|why| panic!("{name}: gradient: {why}"));
}

fn a_confident_right_answer() {
    let mut x = vec![0.0f32; 300];
    x[7] = 24.0;
    let (x, t) = (row(&x), Array::new(&[7i32], [1]).unwrap());
    check("cross-entropy", &CrossEntropy::default().of(&x, &t), &x, 2e-8);

    let signs = |k: usize| if k % 3 == 1 { 1.0f32 } else { -1.0 };
    let x = row(&(0..300).map(|k| signs(k) * (16.0 + k as f32 / 100.0)).collect::<Vec<_>>());
    let t = row(&(0..300).map(|k| signs(k).max(0.0)).collect::<Vec<_>>());
    check("multilabel", &MultilabelSoftMargin::default().of(&x, &t), &x, 1e-7);
}

/// Classes within a lane, over the lanes of a row, and over the chunks of a long row.
fn a_student_who_is_near() {
    for (classes, temperature) in [(2, 1.0f32), (5, 3.0), (1000, 2.0), (70_001, 1.0)] {
        let teacher: Vec<f32> = (0..classes).map(|k| (k as f32 * 0.7).sin() * 3.0).collect();
        // so near that the difference of the logits is exact in f32
        let step = |k: usize| ((k * 37 % 64) as f32 - 32.0) / 16384.0;
        let student: Vec<f32> = teacher.iter().enumerate().map(|(k, x)| x + step(k)).collect();
        let (student, teacher) = (row(&student), row(&teacher));
        let name = format!("{classes} classes at a temperature of {temperature}");
        check(&name, &Distillation::new().temperature(temperature).of(&student, &teacher), &student, 2e-6);
    }
}
