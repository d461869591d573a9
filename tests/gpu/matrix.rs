//! Every option, reduction, layout, dtype, operand and door of a loss, in pairs, at the sizes where kernels change.

use crate::chosen::{all, asks_for_losses, of_each_family};
use crate::draw::Rng;
use crate::factors::Factors;
use crate::harness::tests_of;
use crate::judge::Failures;
use crate::{gpu, pairs};
use libtest_mimic::Trial;
use wgloss::Loss;

pub fn tests() -> Vec<Trial> {
    // `wgloss verify` has cases for the options of every loss
    tests_of![of_each_family(all()); every_pair_of_choices, every_size]
}

/// Every pair of choices occurs in a case, for which the GPU must give the twin's results. Unless losses are asked for by
/// name, only two sizes, two doors and two dtypes are combined with the options and operands: `every_size`, `doors` and
/// `dtypes` test the others.
fn every_pair_of_choices(loss: &dyn Loss) {
    let factors = Factors::of((loss.header().default)());
    let factors = if asks_for_losses() { factors } else { factors.without_the_walk() };
    let mut failures = Failures::default();
    let rows = pairs::pairs(&factors.choices(), &mut Rng::new(1), |row| factors.case(row).is_valid());
    rows.iter().map(|row| factors.case(row)).for_each(|case| failures.note(&case, case.run(gpu())));
    failures.raise();
}

/// Every size is combined with every reduction and layout.
fn every_size(loss: &dyn Loss) {
    let mut failures = Failures::default();
    Factors::of((loss.header().default)()).sizes().for_each(|case| failures.note(&case, case.run(gpu())));
    failures.raise();
}
