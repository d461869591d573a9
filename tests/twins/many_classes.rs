//! Positions with as many classes as a vocabulary: a twin's time grows linearly with the number of classes, not
//! quadratically.

use crate::chosen::losses;
use crate::draw::{Rng, Setting, option_values};
use crate::harness::tests_of;
use libtest_mimic::Trial;
use std::time::{Duration, Instant};
use wgloss::custom::Leaf;
use wgloss::header::Value;
use wgloss::{Array, ClassAxis, DType, Error, Loss, Term, cpu};

pub fn tests() -> Vec<Trial> {
    let of_classes = |loss: &dyn Loss| {
        matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) | Leaf::Region(_))
    };
    tests_of![losses(10, of_classes); a_call_does_not_take_the_square_of_its_classes]
}

const CLASSES: usize = 100_000;

/// A call takes some 0.1 s. If each class were compared with all others, it would take 10 s or more.
const LIMIT: Duration = Duration::from_secs(5);

/// How often a call is tried, since the machine may be busy.
const TRIES: usize = 3;

fn a_call_does_not_take_the_square_of_its_classes(loss: &dyn Loss) {
    let mut calls = vec![(loss.header().default)()];
    for (place, (spec, default)) in loss.specs().iter().zip(loss.values()).enumerate() {
        for value in option_values(spec, &default).into_iter().filter(|value| *value != default) {
            let mut call = (loss.header().default)();
            assert!(call.set_at(place, &value));
            calls.push(call);
        }
    }
    for target in [DType::I32, DType::F32] {
        for call in &calls {
            let fastest = (0..TRIES).map(|_| time(&**call, target)).find(|time| *time < LIMIT);
            assert!(fastest.is_some(), "{:?} of {target} took more than {LIMIT:?}", options(&**call));
        }
    }
}

/// The time for value and gradients; zero if the options are refused together.
fn time(loss: &dyn Loss, target: DType) -> Duration {
    let mut fitted = (loss.header().default)();
    for (place, value) in loss.values().iter().enumerate() {
        assert!(fitted.set_at(place, value));
    }
    let setting = Setting::new(loss, &[1, CLASSES], ClassAxis::Second, target);
    setting.fit(&mut *fitted);
    let mut random = Rng::new(1);
    let specs: Vec<_> = loss.header().operands.iter().filter(|spec| !spec.optional).collect();
    let drawn: Vec<(&'static str, Array)> =
        specs.iter().map(|spec| (spec.name, setting.draw(&*fitted, spec, &mut random))).collect();
    let of: Vec<&Array> = specs.iter().zip(&drawn).filter(|(spec, _)| spec.gradient).map(|(_, (_, of))| of).collect();
    let options = options(&*fitted);
    let operands = drawn.iter().map(|(name, array)| (*name, array));
    let term = Term::from_options(fitted, options, operands).unwrap();
    let start = Instant::now();
    match cpu::gradient_list(&term, &of) {
        Ok(_) => start.elapsed(),
        Err(Error::InvalidOption { .. }) => Duration::ZERO,
        Err(other) => panic!("{other}"),
    }
}

fn options(loss: &dyn Loss) -> Vec<(&'static str, Value)> {
    loss.specs().iter().map(|spec| spec.name).zip(loss.values()).collect()
}
