//! `cargo xtask test-web`: tests the library, its package for JavaScript and its page in a real browser. `cargo xtask web` builds
//! the page and serves it.

mod server;
mod site;
mod tools;

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::args::Install;
use crate::run::{Stop, answer, cargo, output, root, run, spoken};
use server::Server;

/// The port of the page.
const PORT: u16 = 8380;

/// How many seconds a test may take. Software drivers need most of them to compile kernels.
const SECONDS: &str = "1200";

/// The choices of `cargo xtask web`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Web {
    /// Builds the page, and serves it.
    Serve,
    /// Builds the page.
    Build,
    /// Builds the package for npm.
    Package,
}

/// Builds the page or the package, and serves the page.
pub fn web(install: Install, what: Web) -> Result<(), Stop> {
    if what == Web::Package {
        println!("the package is {}", site::package(install)?.display());
        return Ok(());
    }
    let folder = site::page(install)?;
    println!("the page is {}", folder.display());
    if what == Web::Serve {
        let server = Server::new(folder, PORT)?;
        println!("open {} (Ctrl-C ends it)", server.address());
        server.serve();
    }
    Ok(())
}

/// Runs the tests in a browser whose names contain this text, or all, and then those of the page.
pub fn test(install: Install, name: Option<&str>) -> Result<(), Stop> {
    let start = Instant::now();
    tools::standard_library(install)?;
    tools::packages(install, tools::BROWSER)?;
    let programs = tools::wasm_bindgen(install)?;
    run(&mut cargo(&["fmt", "--manifest-path", "web/Cargo.toml", "--check"]))?;
    run(tools::on_web("clippy", &programs).args(["--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    let failed: Vec<String> = listed(&programs)?
        .into_iter()
        .filter(|test| name.is_none_or(|name| test.contains(name)))
        .filter(|test| passes(&programs, test).is_err())
        .collect();
    if !failed.is_empty() {
        return Err(Stop::Failed(format!("in the browser: {}", failed.join(", "))));
    }
    if name.is_none_or(|name| name == "page") {
        page(install)?;
    }
    println!("the browser's tests passed ({})", spoken(start.elapsed()));
    Ok(())
}

/// The names of all tests.
fn listed(programs: &Path) -> Result<Vec<String>, Stop> {
    let list = output(tools::on_web("test", programs).args(["--tests", "--", "--list"]))?;
    Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Runs a test in a browser of its own: a browser that ran them all would keep the kernels of all.
fn passes(programs: &Path, test: &str) -> Result<(), Stop> {
    let mut tests = tools::on_web("test", programs);
    tests.env("CHROMEDRIVER", "/usr/bin/chromedriver").env("WASM_BINDGEN_TEST_TIMEOUT", SECONDS);
    run(tests.args(["--quiet", "--tests", "--", "--exact", test]))
}

/// Uses the page as a person does.
fn page(install: Install) -> Result<(), Stop> {
    // Node may come from elsewhere than Debian
    if answer(Command::new("npm").arg("--version")).is_none() {
        tools::packages(install, tools::NODE)?;
    }
    let server = Server::new(site::page(install)?, 0)?;
    let address = server.address();
    thread::spawn(move || server.serve());
    let tests = root().join("web/tests/page");
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&tests))?;
    run(Command::new("node").arg("page.mjs").arg(address).current_dir(&tests))
}
