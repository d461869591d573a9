//! `cargo xtask test-web`: tests the library, its package for JavaScript and its page in a real browser. `cargo xtask web`
//! builds the page and serves it.

mod server;
mod site;
mod tools;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::args::Install;
use crate::run::{Stop, cargo, root, run, spoken};
use server::Server;

/// The port of the page.
const PORT: u16 = 8380;

/// How many seconds the tests of a file may take. Software drivers need most of them to compile kernels.
const SECONDS: &str = "3600";

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

/// Runs the tests in a browser, then the check of every kernel by the browser's compiler, then the tests of the page. The
/// name `kernels` or `page` chooses only one of the last two. Any other name chooses only the tests in a browser whose names
/// contain it.
pub fn test(install: Install, name: Option<&str>) -> Result<(), Stop> {
    let start = Instant::now();
    let asked = |part: &str| name.is_none_or(|name| name == part);
    tools::standard_library(install)?;
    tools::packages(install, tools::BROWSER)?;
    let programs = tools::wasm_bindgen(install)?;
    if ![Some("kernels"), Some("page")].contains(&name) {
        in_a_browser(&programs, name)?;
    }
    if asked("kernels") {
        kernels(install)?;
    }
    if asked("page") {
        page(install)?;
    }
    println!("the browser's tests passed ({})", spoken(start.elapsed()));
    Ok(())
}

/// Runs the tests of the library and of the package in a browser. Each file of tests gets one browser for all losses, since
/// losses share kernels, and all kernels together take less than 1 GiB in the browser.
fn in_a_browser(programs: &Path, name: Option<&str>) -> Result<(), Stop> {
    run(tools::on_web("clippy", programs).args(["--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    let mut tests = tools::on_web("test", programs);
    tests.env("CHROMEDRIVER", "/usr/bin/chromedriver").env("WASM_BINDGEN_TEST_TIMEOUT", SECONDS);
    run(tests.args(["--no-fail-fast", "--tests", "--"]).args(name))
}

/// Checks every kernel of every plan with the browser's compiler, outside of the browser.
fn kernels(install: Install) -> Result<(), Stop> {
    let folder = root().join("target/web/kernels");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Stop::at(&folder))?;
    }
    let texts = ["test", "-p", "wgloss", "--lib", "every_text_for_a_browser_is_handed_out"];
    run(cargo(&texts).env("WGLOSS_TEXTS", &folder))?;
    let tests = tools::node_tests(install, "kernels")?;
    run(Command::new("node").args(["--expose-gc", "kernels.mjs"]).arg(folder).current_dir(&tests))
}

/// Tests the page: a program uses it in a browser as a person does.
fn page(install: Install) -> Result<(), Stop> {
    let tests = tools::node_tests(install, "page")?;
    let server = Server::new(site::page(install)?, 0)?;
    let address = server.address();
    thread::spawn(move || server.serve());
    run(Command::new("node").arg("page.mjs").arg(address).current_dir(&tests))
}
