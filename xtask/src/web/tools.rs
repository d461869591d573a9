//! The tools that tests in a browser need: Rust's standard library for wasm32, wasm-bindgen's programs, and a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Install;
use crate::checks::has_target;
use crate::platforms::machine::{Halt, need};
use crate::run::{Stop, answer, cargo, read, root, run};

/// The target of a browser.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's browser, and the program that tests drive it by.
pub const BROWSER: &[&str] = &["chromium", "chromium-driver"];

/// Debian's Node, for the tests that use the page as a person does and for those of the compiler.
pub const NODE: &[&str] = &["nodejs", "npm"];

/// Makes sure that the toolchain has the standard library for wasm32.
pub fn standard_library(install: Install) -> Result<(), Stop> {
    if has_target(TARGET) {
        return Ok(());
    }
    let line = format!("rustup target add {TARGET}");
    if install == Install::Forbidden {
        return Err(Stop::Failed(format!(
            "the toolchain has no {TARGET}, and --no-install was given: `{line}` installs it"
        )));
    }
    run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root())).map_err(|_| {
        Stop::Failed(format!(
            "the toolchain has no {TARGET}. `{line}` installs it where Rust came with rustup; elsewhere the distribution has a \
             package for it, such as Debian's libstd-rust-dev-wasm32"
        ))
    })
}

/// Makes sure that the machine has these Debian packages.
pub fn packages(install: Install, packages: &[&str]) -> Result<(), Stop> {
    need(install, packages).map_err(|(Halt::LeftOut(why) | Halt::Failed(why))| Stop::Failed(why))
}

/// The folder of tests for Node. Installs the packages that they need.
pub fn node_tests(install: Install, name: &str) -> Result<PathBuf, Stop> {
    // Node may come from elsewhere than Debian
    if answer(Command::new("npm").arg("--version")).is_none() {
        packages(install, NODE)?;
    }
    let folder = root().join("web/tests").join(name);
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    Ok(folder)
}

/// The folder with wasm-bindgen's programs. Installs them, in the version that the crate is built with: programs of another
/// version refuse the built crate.
pub fn wasm_bindgen(install: Install) -> Result<PathBuf, Stop> {
    let lock = read(&root().join("web/Cargo.lock"))?;
    let version = version(&lock, "wasm-bindgen").ok_or(Stop::Failed("web/Cargo.lock names no wasm-bindgen".into()))?;
    let folder = root().join("target/web/tools");
    let program = folder.join("bin/wasm-bindgen");
    if answer(Command::new(&program).arg("--version")).is_some_and(|said| said.trim().ends_with(version)) {
        return Ok(folder.join("bin"));
    }
    if install == Install::Forbidden {
        return Err(Stop::Failed(format!(
            "--no-install was given, and wasm-bindgen {version} is not in {}: `cargo install wasm-bindgen-cli --version {version} \
             --root target/web/tools` installs it",
            folder.display()
        )));
    }
    // a build without optimisation takes a third of the time, and the programs have little to do
    run(cargo(&["install", "wasm-bindgen-cli", "--debug", "--version", version, "--root"]).arg(&folder))?;
    Ok(folder.join("bin"))
}

/// The version of a package in a lock file.
fn version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split('"').next()
}

/// A cargo command on the crate of the web, built for wasm32 into the target folder of the project.
pub fn on_web(command: &str, tools: &Path) -> Command {
    let mut cargo =
        cargo(&[command, "--manifest-path", "web/Cargo.toml", "--target", TARGET, "--target-dir", "target"]);
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools.join("wasm-bindgen-test-runner"));
    cargo
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_of_a_package_is_that_of_its_own_entry() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version(lock, "wgpu"), None);
    }
}
