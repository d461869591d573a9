//! `cargo xtask test`: runs all checks that a change has to pass, and stops at the first failure. `cargo xtask test-burn`
//! does so for wgloss-burn, `cargo xtask test-mpi` for wgloss-mpi.

use std::process::Command;
use std::time::Instant;

use crate::adapter::{set_up, set_up_by};
use crate::args::Install;
use crate::checks::{Check, built, checks};
use crate::run::{Line, Stop, cargo, run, spoken};

/// Runs the usual checks.
pub fn test(install: Install) -> Result<(), Stop> {
    let start = Instant::now();
    // the program that looks for an adapter is built with the tests: built alone, its dependencies would have fewer features,
    // and would be built twice
    run(&mut cargo(&["test", "--workspace", "--no-run"]))?;
    set_up_by(install, &|| {
        let mut devices = Command::new(built("wgloss"));
        devices.arg("devices");
        devices
    })?;
    perform(checks(), start)
}

/// Runs the checks of a workspace beside the main one.
pub fn test_apart(install: Install, checks: Vec<Check>) -> Result<(), Stop> {
    let start = Instant::now();
    set_up(install, "dev")?;
    perform(checks, start)
}

/// Performs every check that this toolchain can perform, and prints which are left out.
fn perform(checks: Vec<Check>, start: Instant) -> Result<(), Stop> {
    let (mut here, mut left_out) = (Vec::new(), 0);
    for check in checks {
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
        let begun = Instant::now();
        check.perform().map_err(|stop| match stop {
            Stop::Failed(why) => Stop::Failed(format!("check {number} of {count}: {why}")),
            stop @ Stop::NoAdapter(_) => stop,
        })?;
        println!("[{number}/{count}] passed in {}", spoken(begun.elapsed()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    #[test]
    fn docs_testing_names_every_file_of_tests() {
        let page = std::fs::read_to_string(root().join("docs/testing.md")).expect("the page is there");
        let mut files: Vec<String> = Vec::new();
        for folder in ["src/gpu/tests", "tests/twins", "tests/accuracy", "tests/gpu", "tests/faults"] {
            let entries = std::fs::read_dir(root().join(folder)).expect("the folder is there").flatten();
            files.extend(entries.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        }
        // drop shaders and files that hold no tests
        files.retain(|name| !name.ends_with(".wgsl") && !["main.rs", "mod.rs", "point.rs"].contains(&name.as_str()));
        for name in &files {
            // two folders may have files of one name
            let wanted = files.iter().filter(|other| *other == name).count();
            let found = page.matches(&format!("`{name}`")).count();
            assert!(found >= wanted, "docs/testing.md names `{name}` {found} times, and there are {wanted}");
        }
    }

    #[test]
    fn tests_of_the_library_are_listed_by_name() {
        // these binaries list their tests by name, so that a function with the attribute would silently not run
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
    fn the_summary_counts_what_was_left_out() {
        assert_eq!(summary(12, 0, "3.0 s"), "all 12 checks passed (3.0 s)");
        assert_eq!(summary(10, 2, "3.0 s"), "all 10 checks passed (3.0 s; 2 left out, see above)");
    }
}
