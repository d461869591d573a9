//! Which kernels a result is of: a hash of the files that they come from, and the commit that has them.

use std::io::Write;
use std::process::{Command, Stdio};

use super::machine::Halt;
use crate::run::{Stop, output, root};

/// What the kernels come from.
const KERNELS: &[&str] = &["shaders", "src/gpu", "src/losses"];

/// Files among these that no program holds: what tests, fuzzing and mutants call.
const OF_TESTS: &[&str] =
    &["src/gpu/tests", "src/gpu/case.rs", "src/gpu/foreign.rs", "src/gpu/mutable.rs", "src/gpu/plan/invariants.rs"];

/// Files that rows write, or that say what came of them: a change there makes no other program.
const RESULTS: &[&str] = &["docs/platforms.tsv", "docs/platforms.md", "README.md"];

/// What a result is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The commit, with a plus where the work tree differs from it.
    pub commit: String,
    /// The fingerprint of the kernels.
    pub kernels: String,
}

impl Origin {
    /// The work tree as it stands.
    pub fn now() -> Result<Self, Halt> {
        Ok(Self { commit: commit()?, kernels: of_kernels()? })
    }

    /// The origin of what began with this one and ended with another: where they differ, no commit has it.
    pub fn to(self, end: &Self) -> Self {
        match self == *end || self.commit.ends_with('+') {
            true => self,
            false => Self { commit: format!("{}+", self.commit), ..self },
        }
    }
}

/// The hash of the kernels' files as they lie in the work tree, their tests aside.
pub fn of_kernels() -> Result<String, Halt> {
    of(|path| !OF_TESTS.iter().any(|aside| path.starts_with(aside)))
}

/// The hash of these and of the tests, one of which hands out the kernels' texts.
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

/// The commit at hand, with a plus where the work tree differs from it.
fn commit() -> Result<String, Halt> {
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=normal"])?;
    let plus = if changed.lines().any(is_of_the_program) { "+" } else { "" };
    Ok(format!("{}{plus}", commit.trim()))
}

/// Whether a line of `git status --porcelain` names what may change a result.
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
    // git reads all of it before its last line is read here, but prints as it goes: written from a thread of its own
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
    fn a_row_during_which_the_work_tree_changed_is_of_no_commit() {
        let origin = |commit: &str, kernels: &str| Origin { commit: commit.into(), kernels: kernels.into() };
        for (start, end, said) in [("a", "a", "a"), ("a", "b", "a+"), ("a", "a+", "a+"), ("a+", "b", "a+")] {
            assert_eq!(origin(start, "1").to(&origin(end, "1")).commit, said, "{start} {end}");
        }
        assert_eq!(origin("a", "1").to(&origin("a", "2")).commit, "a+");
    }

    #[test]
    fn what_rows_write_changes_no_program() {
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
