//! `cargo xtask test`: everything that must hold before a change lands, in order, to the first failure.

use std::process::Command;
use std::time::Instant;

use crate::adapter::set_up;
use crate::args::Install;
use crate::run::{Line, Stop, answers, cargo, output, spoken, succeed};

/// The examples that assert what they show.
const EXAMPLES: &[&str] = &["hello", "own_buffers", "custom_loss", "segmentation", "denoise", "landscape"];

/// One check: a cargo command and what is asked of it.
#[derive(Debug)]
struct Check {
    args: Vec<&'static str>,
    env: Option<(&'static str, &'static str)>,
    kind: Kind,
}

/// What is asked of a check's command.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// It succeeds.
    Succeeds,
    /// It succeeds, where the toolchain has this component: a minimal one has not.
    SucceedsWith(&'static str),
    /// It succeeds, and lists no package of this name or of the family it begins.
    ListsNone(&'static str),
}

impl Check {
    fn new(args: &'static str, kind: Kind) -> Self {
        let args = args.split(' ').collect();
        Self { args, env: None, kind }
    }

    fn command(&self) -> Command {
        let mut command = cargo(&self.args);
        command.envs(self.env);
        command
    }

    /// The component that this check needs and the toolchain lacks.
    fn lacks(&self) -> Option<&'static str> {
        match self.kind {
            Kind::SucceedsWith(component) if !answers(&mut cargo(&[self.args[0], "--version"])) => Some(component),
            _ => None,
        }
    }

    fn perform(&self) -> Result<(), Stop> {
        let mut command = self.command();
        let Kind::ListsNone(family) = self.kind else {
            return succeed(&mut command);
        };
        match listed(&output(&mut command)?, family) {
            None => Ok(()),
            Some(package) => Err(Stop::Failed(format!("{} lists {package}", Line(&command)))),
        }
    }
}

fn checks() -> Vec<Check> {
    use Kind::{ListsNone, Succeeds, SucceedsWith};
    let mut checks = vec![
        Check::new("fmt --all --check", SucceedsWith("rustfmt")),
        Check::new("clippy --workspace --all-targets -- -D warnings", SucceedsWith("clippy")),
        Check::new("tree -p wgloss --no-default-features -e normal --prefix none", ListsNone("wgpu")),
        Check::new("test -p wgloss --no-default-features --lib", Succeeds),
        Check::new("test --workspace", Succeeds),
        Check { env: Some(("RUSTDOCFLAGS", "-D warnings")), ..Check::new("doc --workspace --no-deps", Succeeds) },
        Check::new("run -q -p wgloss-cli -- verify --device all --dtype all", Succeeds),
        // the kernels for a GPU on whatever adapter there is, and those for any, with all of naga's checks
        Check {
            env: Some(("WGLOSS_KERNELS", "gpu")),
            ..Check::new("run -q -p wgloss-cli -- verify --device gpu", Succeeds)
        },
        Check {
            env: Some(("WGLOSS_KERNELS", "gpu")),
            ..Check::new("test --workspace --test gpu -- many_ in_place every_range of_pieces", Succeeds)
        },
        Check {
            env: Some(("WGLOSS_KERNELS", "plain")),
            ..Check::new("run -q -p wgloss-cli -- verify --device gpu", Succeeds)
        },
    ];
    checks.extend(EXAMPLES.iter().map(|example| Check {
        args: vec!["run", "--example", example],
        env: None,
        kind: Succeeds,
    }));
    // As a test, each benchmark's answer is checked and it runs once, on small inputs.
    checks.push(Check::new("test --workspace --bench losses --bench report", Succeeds));
    checks
}

/// Runs every check this machine can run, and says which it could not.
pub fn test(install: Install) -> Result<(), Stop> {
    let start = Instant::now();
    set_up(install, "dev")?;

    let (mut here, mut left_out) = (Vec::new(), 0);
    for check in checks() {
        if let Some(component) = check.lacks() {
            left_out += 1;
            println!(
                "left out: {} (this toolchain has no {component}; \
                 `rustup component add {component}` installs it)",
                Line(&check.command())
            );
        } else {
            here.push(check);
        }
    }

    let count = here.len();
    for (number, check) in (1..).zip(&here) {
        println!("[{number}/{count}] {}", Line(&check.command()));
        let start = Instant::now();
        check.perform().map_err(|stop| match stop {
            Stop::Failed(why) => Stop::Failed(format!("check {number} of {count}: {why}")),
            stop @ Stop::NoAdapter(_) => stop,
        })?;
        println!("[{number}/{count}] passed in {}", spoken(start.elapsed()));
    }
    println!("{}", summary(count, left_out, &spoken(start.elapsed())));
    Ok(())
}

fn summary(passed: usize, left_out: usize, time: &str) -> String {
    match left_out {
        0 => format!("all {passed} checks passed ({time})"),
        _ => format!("all {passed} checks passed ({time}; {left_out} left out, see above)"),
    }
}

/// The first package in the output of `cargo tree --prefix none` that belongs to `family`.
fn listed<'a>(tree: &'a str, family: &str) -> Option<&'a str> {
    // Only the first word is a name: the folder this project lies in is on these lines too.
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_lists_packages_by_their_names() {
        for (tree, found) in [
            ("wgloss v0.1.0 (/home/me/wgpu/wgloss)\n", None),
            ("wgloss v0.1.0\nwgpunit v1.0.0\n", None),
            ("wgloss v0.1.0\nwgpu v30.0.0\n", Some("wgpu")),
            ("wgloss v0.1.0\nlog v0.4.1\nwgpu-types v30.0.0", Some("wgpu-types")),
            ("", None),
        ] {
            assert_eq!(listed(tree, "wgpu"), found, "{tree}");
        }
    }

    #[test]
    fn every_check_is_a_line_to_type() {
        let lines: Vec<String> = checks().iter().map(|check| Line(&check.command()).to_string()).collect();
        for line in [
            "cargo fmt --all --check",
            "cargo clippy --workspace --all-targets -- -D warnings",
            "RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace --no-deps",
            "cargo run --example denoise",
        ] {
            assert!(lines.iter().any(|l| l == line), "{line} is not in {lines:?}");
        }
    }

    #[test]
    fn only_components_are_left_out() {
        let missing = Check::new("no-such-component --check", Kind::SucceedsWith("it"));
        assert_eq!(missing.lacks(), Some("it"));
        let mistyped = Check::new("no-such-component --check", Kind::Succeeds);
        assert_eq!(mistyped.lacks(), None);
    }

    #[test]
    fn a_listed_package_fails_its_check() {
        // One line, which begins with "cargo".
        let check = |family| Check::new("--version", Kind::ListsNone(family)).perform();
        assert_eq!(check("wgpu"), Ok(()));
        assert_eq!(check("cargo"), Err(Stop::Failed("cargo --version lists cargo".to_owned())));
    }

    #[test]
    fn what_was_left_out_is_said_last() {
        assert_eq!(summary(12, 0, "3.0 s"), "all 12 checks passed (3.0 s)");
        assert_eq!(summary(10, 2, "3.0 s"), "all 10 checks passed (3.0 s; 2 left out, see above)");
    }
}
