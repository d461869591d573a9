//! Tests the CPU twins against mathematics alone: slopes, hard points, refusals, sums and compounds. They need no GPU, and
//! not the feature `gpu`.

mod checked;
#[path = "../../checks/src/chosen.rs"]
mod chosen;
mod compounds;
#[path = "../../checks/src/draw.rs"]
mod draw;
mod dtypes;
mod hard_points;
#[path = "../common/harness.rs"]
mod harness;
mod many_classes;
mod metrics;
mod point;
#[path = "../common/predictions.rs"]
mod predictions;
mod refusals;
#[path = "../common/reported/mod.rs"]
mod reported;
#[path = "../../checks/src/samples.rs"]
mod samples;
mod slopes;
mod sums;

use harness::tests;
use std::process::ExitCode;

fn main() -> ExitCode {
    let modules = [
        tests![what_users_reported],
        checked::tests(),
        compounds::tests(),
        dtypes::tests(),
        hard_points::tests(),
        many_classes::tests(),
        metrics::tests(),
        point::tests(),
        refusals::tests(),
        slopes::tests(),
        sums::tests(),
    ];
    harness::run(modules.into_iter().flatten().collect())
}

fn what_users_reported() {
    point::check(reported::all());
}
