//! `cargo xtask test`: everything that must hold before a change lands, in order, to the first failure.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::adapter::set_up;
use crate::args::Install;
use crate::fuzz::RUNNER;
use crate::run::{Line, Stop, answer, answers, cargo, output, root, spoken, succeed};

/// The most that all checks take together on two cores, in minutes.
#[cfg(test)]
const MOST: f32 = 20.0;

/// Warnings are errors, also where clippy does not look.
const WARNINGS: (&str, &str) = ("RUSTFLAGS", "-D warnings");

/// The examples that assert what they show.
const EXAMPLES: &[&str] = &[
    "examples/hello",
    "examples/own_buffers",
    "examples/custom_loss",
    "examples/segmentation",
    "examples/denoise",
    "examples/landscape",
];

/// Clippy's command for the fuzz targets.
const FUZZ_CLIPPY: &str = "clippy --manifest-path fuzz/Cargo.toml --no-default-features --features runner --target-dir target --all-targets -- -D warnings";

/// One check: a command, what is asked of it, and how long it takes on two cores after the ones before it, in minutes.
#[derive(Debug)]
struct Check {
    /// A program that a check before it has built. Without one, the command is cargo's.
    built: Option<&'static str>,
    args: Vec<&'static str>,
    env: Option<(&'static str, &'static str)>,
    kind: Kind,
    minutes: f32,
}

/// What is asked of a check's command.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// It succeeds.
    Succeeds,
    /// It succeeds, where the toolchain has this component: a minimal one has not.
    SucceedsWith(&'static str),
    /// It succeeds, where the toolchain has the standard library for this target.
    SucceedsFor(&'static str),
    /// It succeeds, and lists no package of this name or of the family it begins.
    ListsNone(&'static str),
}

impl Check {
    fn new(minutes: f32, args: &'static str, kind: Kind) -> Self {
        let args = args.split(' ').collect();
        Self { built: None, args, env: None, kind, minutes }
    }

    /// A program with its arguments, as `cargo test --workspace` leaves it beside this one. `cargo run` would build it again,
    /// with all that it depends on: the features of dependencies that tests ask for are not among its own.
    fn of_built(minutes: f32, line: &'static str) -> Self {
        let mut words = line.split(' ');
        Self { built: words.next(), args: words.collect(), env: None, kind: Kind::Succeeds, minutes }
    }

    /// The check with an environment variable set.
    fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { env: Some((name, value)), ..self }
    }

    fn command(&self) -> Command {
        let mut command = match self.built {
            None => cargo(&self.args),
            Some(program) => {
                let mut command = Command::new(built(program));
                command.args(&self.args).current_dir(root());
                command
            }
        };
        command.envs(self.env);
        command
    }

    /// What this check needs and the toolchain lacks, and what installs it.
    fn lacks(&self) -> Option<(&'static str, String)> {
        match self.kind {
            Kind::SucceedsWith(component) if !answers(&mut cargo(&[self.args[0], "--version"])) => {
                Some((component, format!("rustup component add {component}")))
            }
            Kind::SucceedsFor(target) if !has_target(target) => Some((target, format!("rustup target add {target}"))),
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

/// The checks, in order. A test bounds the minutes that they take together.
fn checks() -> Vec<Check> {
    use Kind::{ListsNone, Succeeds, SucceedsFor, SucceedsWith};
    let web = "wasm32-unknown-unknown";
    let mut checks = vec![
        Check::new(0.1, "fmt --all --check", SucceedsWith("rustfmt")),
        Check::new(0.7, "clippy --workspace --all-targets -- -D warnings", SucceedsWith("clippy")),
        Check::new(0.1, "tree -p wgloss --no-default-features -e normal --prefix none", ListsNone("wgpu")),
        Check::new(0.7, "check -p wgloss --target wasm32-unknown-unknown", SucceedsFor(web))
            .with(WARNINGS.0, WARNINGS.1),
        Check::new(0.1, "check -p wgloss --no-default-features --target wasm32-unknown-unknown", SucceedsFor(web))
            .with(WARNINGS.0, WARNINGS.1),
        Check::new(0.2, "check -p wgloss --no-default-features", Succeeds).with(WARNINGS.0, WARNINGS.1),
        Check::new(9.7, "test --workspace", Succeeds),
        Check::new(0.3, "doc --workspace --no-deps", Succeeds).with("RUSTDOCFLAGS", "-D warnings"),
        Check::of_built(1.2, "wgloss verify --device all --dtype all"),
        // on whatever adapter there is: the kernels for a GPU, those that DX12 gets, and those for any, with all of naga's checks
        Check::of_built(0.4, "wgloss verify --device gpu").with("WGLOSS_KERNELS", "gpu"),
        Check::of_built(0.3, "wgloss verify --device gpu").with("WGLOSS_KERNELS", "small"),
        Check::new(0.4, "test --workspace --test gpu -- many_ in_place every_range of_pieces", Succeeds)
            .with("WGLOSS_KERNELS", "gpu"),
        Check::of_built(0.4, "wgloss verify --device gpu").with("WGLOSS_KERNELS", "plain"),
    ];
    checks.extend(EXAMPLES.iter().map(|example| Check::of_built(0.1, example)));
    // a workspace of its own: most of what it depends on has been built by then
    checks.push(Check::new(0.0, "fmt --manifest-path fuzz/Cargo.toml --check", SucceedsWith("rustfmt")));
    checks.push(Check::new(0.3, FUZZ_CLIPPY, SucceedsWith("clippy")));
    checks.push(Check::new(0.6, RUNNER, Succeeds));
    // As a test, each benchmark's answer is checked and it runs once, on small inputs.
    checks.push(Check::new(0.5, "test --workspace --bench losses --bench report", Succeeds));
    checks
}

/// A program in the folder that this one was built into.
fn built(program: &str) -> PathBuf {
    let this = env::current_exe().unwrap_or_default();
    let folder = this.parent().unwrap_or(Path::new("target/debug"));
    // a test of this program lies one folder deeper
    let folder = folder.parent().filter(|_| folder.ends_with("deps")).unwrap_or(folder);
    folder.join(program).with_extension(env::consts::EXE_EXTENSION)
}

/// Whether the toolchain has the standard library for a target. Without rustup, a distribution's rustc may have it too.
fn has_target(target: &str) -> bool {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", target]).current_dir(root());
    answer(&mut rustc).is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Runs every check this machine can run, and says which it could not.
pub fn test(install: Install) -> Result<(), Stop> {
    let start = Instant::now();
    set_up(install, "dev")?;

    let (mut here, mut left_out) = (Vec::new(), 0);
    for check in checks() {
        if let Some((what, installs)) = check.lacks() {
            left_out += 1;
            println!("left out: {} (this toolchain has no {what}; `{installs}` installs it)", Line(&check.command()));
        } else {
            here.push(check);
        }
    }

    let count = here.len();
    for (number, check) in (1..).zip(&here) {
        println!("[{number}/{count}] {} ({:.1} min)", Line(&check.command()), check.minutes);
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
        let of_built = |program: &str| Line(&Command::new(built(program))).to_string();
        for line in [
            "cargo fmt --all --check".into(),
            "cargo clippy --workspace --all-targets -- -D warnings".into(),
            "RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace --no-deps".into(),
            format!("WGLOSS_KERNELS=small {} verify --device gpu", of_built("wgloss")),
            of_built("examples/denoise"),
        ] {
            assert!(lines.contains(&line), "{line} is not in {lines:?}");
        }
    }

    #[test]
    fn every_file_of_tests_is_in_the_page_about_testing() {
        let page = std::fs::read_to_string(root().join("docs/testing.md")).expect("the page is there");
        let mut files: Vec<String> = Vec::new();
        for folder in ["src/gpu/tests", "tests/twins", "tests/accuracy", "tests/gpu", "tests/faults"] {
            let entries = std::fs::read_dir(root().join(folder)).expect("the folder is there").flatten();
            files.extend(entries.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        }
        // shaders, and what is no test of its own
        files.retain(|name| !name.ends_with(".wgsl") && !["main.rs", "mod.rs", "point.rs"].contains(&name.as_str()));
        for name in &files {
            // some names stand in two folders
            let wanted = files.iter().filter(|other| *other == name).count();
            let found = page.matches(&format!("`{name}`")).count();
            assert!(found >= wanted, "docs/testing.md names `{name}` {found} times, and there are {wanted}");
        }
    }

    #[test]
    fn tests_of_the_library_are_listed_by_name() {
        // these binaries list their tests: the attribute would drop a function without a word
        let mut folders = vec![root().join("tests")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = std::fs::read_to_string(&path).expect("a source file is text");
                    assert!(!text.contains("#[test]"), "{} has the attribute", path.display());
                }
            }
        }
    }

    #[test]
    fn only_components_are_left_out() {
        let lacks = |kind| Check::new(1.0, "no-such-component --check", kind).lacks();
        assert_eq!(lacks(Kind::SucceedsWith("it")), Some(("it", "rustup component add it".to_owned())));
        assert_eq!(lacks(Kind::SucceedsFor("no-such-target")).map(|(what, _)| what), Some("no-such-target"));
        assert_eq!(lacks(Kind::Succeeds), None);
        assert!(has_target(&host()), "the toolchain builds for its own machine");
    }

    fn host() -> String {
        let version = output(Command::new("rustc").arg("-vV")).expect("rustc is there");
        version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a line with the host").to_owned()
    }

    #[test]
    fn all_checks_take_no_longer_than_they_may() {
        let minutes: f32 = checks().iter().map(|check| check.minutes).sum();
        assert!(minutes <= MOST, "{minutes} minutes");
    }

    #[test]
    fn a_listed_package_fails_its_check() {
        // One line, which begins with "cargo".
        let check = |family| Check::new(0.0, "--version", Kind::ListsNone(family)).perform();
        assert_eq!(check("wgpu"), Ok(()));
        assert_eq!(check("cargo"), Err(Stop::Failed("cargo --version lists cargo".to_owned())));
    }

    #[test]
    fn what_was_left_out_is_said_last() {
        assert_eq!(summary(12, 0, "3.0 s"), "all 12 checks passed (3.0 s)");
        assert_eq!(summary(10, 2, "3.0 s"), "all 10 checks passed (3.0 s; 2 left out, see above)");
    }
}
