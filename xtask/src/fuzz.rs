//! `cargo xtask fuzz`: the fuzz targets on the stable toolchain, over their kept inputs and mutations of these.

use crate::run::{Stop, cargo, run};

/// The runner of the fuzz targets, built where the workspace's own crates are: both share most of what they depend on.
pub const RUNNER: &str =
    "run -q --manifest-path fuzz/Cargo.toml --no-default-features --features runner --target-dir target";

/// Runs the runner with these arguments.
pub fn fuzz(arguments: &[String]) -> Result<(), Stop> {
    let words: Vec<&str> = RUNNER.split(' ').chain(["--"]).chain(arguments.iter().map(String::as_str)).collect();
    run(&mut cargo(&words))
}
