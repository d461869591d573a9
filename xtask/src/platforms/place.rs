//! The folder under target/ where rows work, and what several rows need there, made once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::fingerprint;
use super::machine::{Ended, Halt, last_lines, watch};
use super::sid::Sid;
use crate::args::Install;
use crate::run::{cargo, root};

/// The folder, and what rows share.
pub struct Place {
    folder: PathBuf,
    /// Whether anything may be installed.
    pub install: Install,
    /// The row that runs. Its name is in the names of logs.
    pub row: &'static str,
    sid: OnceLock<Sid>,
    texts: OnceLock<PathBuf>,
    program: OnceLock<PathBuf>,
}

/// The result of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether all checks on the platform passed.
    pub passed: bool,
    /// The counts, as a text.
    pub result: String,
    /// The compiler, driver or tool, and its version.
    pub with: String,
}

impl Outcome {
    /// The outcome of a row that failed without a result.
    pub fn none(why: &str) -> Self {
        let result = why.lines().next().unwrap_or_default().trim_end_matches(':').into();
        Self { passed: false, result, with: String::new() }
    }
}

impl Place {
    /// The folder. Makes nothing yet.
    pub fn new(install: Install) -> Self {
        let folder = root().join("target/platforms");
        Self { folder, install, row: "", sid: OnceLock::new(), texts: OnceLock::new(), program: OnceLock::new() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes an empty folder in the folder. Deletes an earlier one of that name with its contents.
    pub fn empty_folder(&self, name: &str) -> Result<PathBuf, Halt> {
        let folder = self.path(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| file_error(&folder, &error))?;
        }
        fs::create_dir_all(&folder).map_err(|error| file_error(&folder, &error))?;
        Ok(folder)
    }

    /// Runs a command, and writes its output to a log of the row.
    pub fn watch(&self, command: &mut Command, what: &str, minutes: u64) -> Result<Ended, Halt> {
        watch(command, &self.path("logs").join(format!("{}-{what}.txt", self.row)), minutes)
    }

    /// Debian unstable, made at the first call.
    pub fn sid(&self) -> Result<&Sid, Halt> {
        once(&self.sid, || Sid::made(&self.path("sid"), self.install))
    }

    /// The folder with the texts of all kernels. Writes them again if the kernels' sources changed.
    pub fn texts(&self) -> Result<&Path, Halt> {
        once(&self.texts, || {
            let now = fingerprint::of_texts()?;
            let (folder, stamp) = (self.path("texts"), self.path("texts/of.txt"));
            if fs::read_to_string(&stamp).is_ok_and(|of| of == now) {
                return Ok(folder);
            }
            println!("writing the texts of all kernels: some minutes");
            let folder = self.empty_folder("texts")?;
            let mut test = cargo(&["test", "-p", "wgloss", "--lib", "every_text_is_handed_out"]);
            let handed_out = self.watch(test.env("WGLOSS_TEXTS", &folder), "texts", 40)?;
            handed_out.success("handing out the kernels' texts")?;
            fs::write(&stamp, now).map_err(|error| file_error(&stamp, &error))?;
            Ok(folder)
        })
        .map(PathBuf::as_path)
    }

    /// Runs tests of the library. With the environment variable `variable` they check everything, and without it only a part.
    pub fn tests(&self, args: &[&str], variable: &str) -> Result<Outcome, Halt> {
        let mut test = cargo(&[&["test", "-p", "wgloss"], args].concat());
        let ended = self.watch(test.env(variable, "1"), "tests", 90)?;
        let summary = ended.printed.lines().find_map(|line| line.strip_prefix("test result: "));
        let result = summary.and_then(|line| line.split(". ").nth(1)?.split("; 0 ignored").next());
        match result.map(|result| result.replace("; ", ", ")) {
            Some(result) => {
                Ok(Outcome { passed: ended.succeeded, result: format!("tests: {result}"), with: String::new() })
            }
            None => {
                let last = last_lines(&ended.printed, 6);
                Err(Halt::Failed(format!("the tests did not get to their end:\n{last}")))
            }
        }
    }

    /// The `wgloss` program, built for this machine.
    pub fn program(&self) -> Result<&Path, Halt> {
        once(&self.program, || {
            let mut build = cargo(&["build", "-p", "wgloss-cli"]);
            self.watch(&mut build, "build", 40)?.success("building the program")?;
            let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
            Ok(root().join(target).join("debug/wgloss"))
        })
        .map(PathBuf::as_path)
    }
}

/// The error for a file that could not be written or read.
pub fn file_error(path: &Path, error: &std::io::Error) -> Halt {
    Halt::Failed(format!("{}: {error}", path.display()))
}

fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, Halt>) -> Result<&T, Halt> {
    match cell.get() {
        Some(made) => Ok(made),
        None => {
            let made = make()?;
            Ok(cell.get_or_init(|| made))
        }
    }
}
