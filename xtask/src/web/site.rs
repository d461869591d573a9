//! Builds the page into a folder of static files, and the package for npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tools;
use crate::args::Install;
use crate::run::{Stop, root, run};

/// The files that the page loads: a file or a folder of the project, and its place in the page's folder.
const DATA: &[(&str, &str)] = &[
    ("web/page", "."),
    ("cases/v1", "cases"),
    ("data/coins.png", "data/coins.png"),
    ("data/coins_mask.png", "data/coins_mask.png"),
    ("cli/data/digits.csv.gz", "data/digits.csv.gz"),
    ("cli/src/landscape/digits.wgsl", "data/digits.wgsl"),
];

/// The files that the package has besides those of wasm-bindgen.
const PACKAGE: &[(&str, &str)] = &[
    ("web/package.json", "package.json"),
    ("web/README.md", "README.md"),
    ("web/example.html", "example.html"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
];

/// Builds the page. Returns its folder.
pub fn page(install: Install) -> Result<PathBuf, Stop> {
    made(install, "site", &["--features", "page"], DATA)
}

/// Builds the package. Returns its folder.
pub fn package(install: Install) -> Result<PathBuf, Stop> {
    made(install, "package", &[], PACKAGE)
}

/// Builds the crate with these arguments, and puts it into an empty folder beside other files.
fn made(install: Install, name: &str, arguments: &[&str], files: &[(&str, &str)]) -> Result<PathBuf, Stop> {
    tools::standard_library(install)?;
    let programs = tools::wasm_bindgen(install)?;
    run(tools::on_web("build", &programs).arg("--release").args(arguments))?;
    let folder = root().join("target/web").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Stop::at(&folder))?;
    }
    let wasm = root().join("target").join(tools::TARGET).join("release/wgloss_web.wasm");
    let mut bindgen = Command::new(programs.join("wasm-bindgen"));
    run(bindgen.args(["--target", "web", "--out-dir"]).arg(&folder).arg(wasm))?;
    for (from, to) in files {
        copy(&root().join(from), &folder.join(to))?;
    }
    Ok(folder)
}

/// Copies a file, or the contents of a folder.
fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    if !from.is_dir() {
        let folder = to.parent().unwrap_or(to);
        fs::create_dir_all(folder).map_err(Stop::at(folder))?;
        return fs::copy(from, to).map(drop).map_err(Stop::at(from));
    }
    for entry in fs::read_dir(from).map_err(Stop::at(from))?.flatten() {
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{DATA, PACKAGE};
    use crate::run::{read, root};

    #[test]
    fn everything_that_is_copied_is_there() {
        for (from, _) in DATA.iter().chain(PACKAGE) {
            assert!(root().join(from).exists(), "{from}");
        }
    }

    #[test]
    fn the_package_has_the_version_of_its_crate() {
        let version = |file: &str, before: &str| {
            let text = read(&root().join(file)).expect("it is there");
            let rest = text.split_once(before).expect("a version").1;
            rest.split('"').next().expect("a number").to_owned()
        };
        assert_eq!(version("web/package.json", "\"version\": \""), version("web/Cargo.toml", "\nversion = \""));
    }
}
