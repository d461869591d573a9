//! `cargo xtask test-web`: tests the library and its package for JavaScript in a real browser.

mod tools;

use std::time::Instant;

use crate::args::Install;
use crate::run::{Stop, cargo, run, spoken};

/// How many seconds a test may take. Software drivers need most of them to compile kernels.
const SECONDS: &str = "1200";

/// Runs the tests in a browser whose names contain this text, or all.
pub fn test(install: Install, name: Option<String>) -> Result<(), Stop> {
    let start = Instant::now();
    tools::standard_library(install)?;
    tools::packages(install, tools::BROWSER)?;
    let programs = tools::wasm_bindgen(install)?;
    run(&mut cargo(&["fmt", "--manifest-path", "web/Cargo.toml", "--check"]))?;
    run(tools::on_web("clippy", &programs).args(["--all-targets", "--", "-D", "warnings"]))?;
    let mut tests = tools::on_web("test", &programs);
    tests.env("CHROMEDRIVER", "/usr/bin/chromedriver").env("WASM_BINDGEN_TEST_TIMEOUT", SECONDS);
    tests.arg("--").args(name);
    run(&mut tests)?;
    println!("the browser's tests passed ({})", spoken(start.elapsed()));
    Ok(())
}
