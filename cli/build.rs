//! Records the commit that the program is built from.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The files and folders, below the root, that the program is built from. A change of any of these runs this script again, and makes the commit one "with
/// changes".
const SOURCES: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "benches/src",
    "build.rs",
    "cases/build.rs",
    "cases/src",
    "cases/v1",
    "chart/src",
    "checks/src",
    "cli/Cargo.toml",
    "cli/build.rs",
    "cli/data",
    "cli/src",
    "shaders",
    "src",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let own = variable("CARGO_MANIFEST_DIR");
    match published(Path::new(&own)) {
        Some(commit) => println!("cargo::rustc-env=WGLOSS_COMMIT={commit}"),
        None => record_commit(&Path::new(&own).join("..")),
    }
}

/// The commit that cargo recorded in a published package.
fn published(package: &Path) -> Option<String> {
    let info = fs::read_to_string(package.join(".cargo_vcs_info.json")).ok()?;
    let (_, commit) = info.split_once("\"sha1\": \"")?;
    commit.get(..12).map(str::to_string)
}

/// Sets `WGLOSS_COMMIT` for the program. Leaves it unset without git, or in a source archive.
fn record_commit(root: &Path) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    // if the sources were copied into another repository, its commit would mean nothing
    if !root.join(".git").exists() {
        return;
    }
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return };
    let status = [&["status", "--porcelain", "--untracked-files=no", "--"], SOURCES].concat();
    let changed = git(&status).is_none_or(|changes| !changes.is_empty());
    println!("cargo::rustc-env=WGLOSS_COMMIT={commit}{}", if changed { " with changes" } else { "" });
    // the log of HEAD grows with every commit and checkout; a change of the sources may add or remove "with changes"
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]).map(|log| root.join(log));
    let sources = SOURCES.iter().map(|source| root.join(source));
    for path in sources.chain(log).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it for build scripts")
}
