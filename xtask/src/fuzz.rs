//! `cargo xtask fuzz`: runs the fuzz targets on the stable toolchain, over the inputs of their corpora and mutations of
//! these.

use crate::run::{Stop, cargo, run};

/// The cargo command of the fuzz runner. It builds into the workspace's `target`, because most dependencies are shared.
pub const RUNNER: &str =
    "run -q --manifest-path fuzz/Cargo.toml --no-default-features --features runner --target-dir target";

/// Runs the fuzz runner with these arguments.
pub fn fuzz(arguments: &[String]) -> Result<(), Stop> {
    let words: Vec<&str> = RUNNER.split(' ').chain(["--"]).chain(arguments.iter().map(String::as_str)).collect();
    run(&mut cargo(&words))
}
