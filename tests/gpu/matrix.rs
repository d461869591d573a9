//! Every option, reduction, layout, dtype, operand and door of every loss, pairwise, at the sizes where kernels change.

use crate::draw::{Rng, all};
use crate::factors::Factors;
use crate::judge::Failures;
use crate::{fresh_gpu, gpu, pairs};

#[test]
fn every_pair_of_choices_gives_what_the_twin_gives() {
    // its own device: drivers compile for one device on one thread
    let gpu = fresh_gpu();
    let mut failures = Failures::default();
    for factors in all().into_iter().map(Factors::of) {
        let rows = pairs::pairs(&factors.levels(), &mut Rng::new(1), |row| factors.case(row).is_valid());
        rows.iter().map(|row| factors.case(row)).for_each(|case| failures.note(&case, case.run(&gpu)));
        println!("{}: {} calls", factors.loss.header().id, rows.len());
    }
    failures.raise();
}

#[test]
fn every_size_under_every_reduction_and_layout_gives_what_the_twin_gives() {
    let mut failures = Failures::default();
    for factors in all().into_iter().map(Factors::of) {
        factors.sizes().for_each(|case| failures.note(&case, case.run(gpu())));
    }
    failures.raise();
}
