//! Says which kernels a result is about: a hash of their source files, and the commit.

use std::io::Write;
use std::process::{Command, Stdio};

use super::machine::Halt;
use crate::run::{Stop, output, root};

/// The sources of the kernels.
const KERNELS: &[&str] = &["shaders", "src/gpu", "src/losses"];

/// Files among the sources that only tests, fuzzing and mutants use.
const OF_TESTS: &[&str] = &[
    "src/gpu/tests",
    "src/gpu/case.rs",
    "src/gpu/outside_leaf.rs",
    "src/gpu/mutable.rs",
    "src/gpu/plan/invariants.rs",
];

/// Files with the results of rows and of mutants. Changing them does not change the program.
const RESULTS: &[&str] = &["docs/platforms.tsv", "docs/platforms.md", "README.md", "xtask/mutants/results.tsv"];

/// The state of the project that a result is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The commit, with a plus if the work tree differs from it.
    pub commit: String,
    /// The fingerprint of the kernels.
    pub kernels: String,
}

impl Origin {
    /// The origin of a result that starts now.
    pub fn now() -> Result<Self, Halt> {
        Ok(Self { commit: commit()?, kernels: of_kernels()? })
    }

    /// The origin of a run from `self` to `end`. If the work tree changed meanwhile, the commit gets a plus.
    pub fn to(self, end: &Self) -> Self {
        match self == *end || self.commit.ends_with('+') {
            true => self,
            false => Self { commit: format!("{}+", self.commit), ..self },
        }
    }
}

/// The hash of the kernels' sources in the work tree, without tests.
pub fn of_kernels() -> Result<String, Halt> {
    of(|path| !OF_TESTS.iter().any(|aside| path.starts_with(aside)))
}

/// The hash of the kernels' sources and tests. One of the tests writes the kernels' texts.
pub fn of_texts() -> Result<String, Halt> {
    of(|_| true)
}

fn of(counts: impl Fn(&str) -> bool) -> Result<String, Halt> {
    let list = git(&[&["ls-files", "--cached", "--others", "--exclude-standard", "--"][..], KERNELS].concat())?;
    let exists = |path: &&str| root().join(path).is_file();
    let paths: Vec<&str> = list.lines().filter(|path| counts(path)).filter(exists).collect();
    let hashes = hashed(&["--stdin-paths"], &paths.join("\n"))?;
    let lines: Vec<String> = paths.iter().zip(hashes.lines()).map(|(path, hash)| format!("{hash} {path}\n")).collect();
    Ok(hashed(&["--stdin"], &lines.concat())?.trim().chars().take(12).collect())
}

/// The current commit, with a plus if the work tree differs from it.
fn commit() -> Result<String, Halt> {
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=normal"])?;
    let plus = if changed.lines().any(is_of_the_program) { "+" } else { "" };
    Ok(format!("{}{plus}", commit.trim()))
}

/// Whether a line of `git status --porcelain` names a file that may change a result.
fn is_of_the_program(line: &str) -> bool {
    let path = line.get(3..).unwrap_or_default();
    !RESULTS.contains(&path)
}

fn git(arguments: &[&str]) -> Result<String, Stop> {
    output(Command::new("git").args(arguments).current_dir(root()))
}

fn hashed(arguments: &[&str], input: &str) -> Result<String, Halt> {
    let failed = |error: std::io::Error| Halt::Failed(format!("git hash-object: {error}"));
    let mut git = Command::new("git");
    git.arg("hash-object").args(arguments).current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = git.spawn().map_err(failed)?;
    // written from another thread, because git prints while it reads, and could block on a full pipe
    let (mut stdin, input) = (child.stdin.take(), input.to_owned());
    let writer = std::thread::spawn(move || stdin.as_mut().map_or(Ok(()), |pipe| pipe.write_all(input.as_bytes())));
    let ended = child.wait_with_output().map_err(failed)?;
    let written = writer.join().map_err(|_| Halt::Failed("git hash-object: its input was not written".into()))?;
    written.map_err(failed)?;
    match ended.status.success() {
        true => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
        false => Err(Halt::Failed(format!("git hash-object ({})", ended.status))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, is_of_the_program};

    #[test]
    fn a_change_of_the_work_tree_during_a_row_is_marked_with_a_plus() {
        let origin = |commit: &str, kernels: &str| Origin { commit: commit.into(), kernels: kernels.into() };
        for (start, end, said) in [("a", "a", "a"), ("a", "b", "a+"), ("a", "a+", "a+"), ("a+", "b", "a+")] {
            assert_eq!(origin(start, "1").to(&origin(end, "1")).commit, said, "{start} {end}");
        }
        assert_eq!(origin("a", "1").to(&origin("a", "2")).commit, "a+");
    }

    #[test]
    fn files_that_rows_write_do_not_count_as_changes() {
        for (line, changes) in [
            (" M docs/platforms.tsv", false),
            ("?? docs/platforms.md", false),
            (" M README.md", false),
            (" M src/lib.rs", true),
            ("?? shaders/new.wgsl", true),
        ] {
            assert_eq!(is_of_the_program(line), changes, "{line}");
        }
    }
}
