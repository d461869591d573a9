//! Runs commands from the project's root, and prints each as the line a user would type.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// Why the program stops before its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something failed. The exit status is 1.
    Failed(String),
    /// The machine has no GPU adapter. The exit status is 2.
    NoAdapter(String),
}

impl Stop {
    /// Turns an error about a file or folder into one that names it.
    pub fn at(path: &Path) -> impl Fn(io::Error) -> Stop + '_ {
        move |error| Stop::Failed(format!("{}: {error}", path.display()))
    }
}

/// The project's root folder.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A `cargo` command at the project's root.
pub fn cargo(args: &[&str]) -> Command {
    // CARGO is set by the cargo that runs xtask, so that the user's choice of toolchain is kept.
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Prints the command and runs it. Fails if the command fails.
pub fn run(command: &mut Command) -> Result<(), Stop> {
    println!("> {}", Line(command));
    succeed(command)
}

/// Runs the command. If it fails, the error names it.
pub fn succeed(command: &mut Command) -> Result<(), Stop> {
    let status = status(command)?;
    if status.success() { Ok(()) } else { Err(Stop::Failed(format!("{} ({status})", Line(command)))) }
}

/// Runs the command, and returns its exit status.
fn status(command: &mut Command) -> Result<ExitStatus, Stop> {
    command.status().map_err(|error| Stop::Failed(format!("{} could not be run: {error}", Line(command))))
}

/// Whether the command succeeds. Hides what it prints.
pub fn answers(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The standard output of the command, or `None` if it fails. Hides its errors.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The standard output of the command, or an error that names the command. Shows its errors.
pub fn output(command: &mut Command) -> Result<String, Stop> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Stop::Failed(format!("{} could not be run: {error}", Line(command))))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Stop::Failed(format!("{} ({})", Line(command), output.status)))
    }
}

/// Runs a cargo command with `--message-format json`, and returns the programs that it builds, by name. The own tests of the
/// program `wgloss` are left out, because one of them has the name of a test binary of the library.
pub fn executables(command: &mut Command) -> Result<BTreeMap<String, PathBuf>, Stop> {
    let messages = output(command)?;
    let executable = |line: &str| {
        let path = PathBuf::from(line.split_once("\"executable\":\"")?.1.split('"').next()?);
        let name = path.file_stem()?.to_string_lossy().into_owned();
        let name = name.split('-').next().unwrap_or(&name).to_string();
        Some((name, path))
    };
    let is_programs_test = |line: &&str| line.contains("wgloss-cli@") && line.contains("\"kind\":[\"test\"]");
    Ok(messages.lines().filter(|line| !is_programs_test(line)).filter_map(executable).collect())
}

/// Reads a file. An error names it.
pub fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(Stop::at(path))
}

/// Displays a command as the line that a user would type.
pub struct Line<'a>(pub &'a Command);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.0.get_envs() {
            let value = value.unwrap_or_default();
            write!(f, "{}={} ", name.to_string_lossy(), quoted(value))?;
        }
        let program = Path::new(self.0.get_program());
        // The full path of cargo would only distract.
        match (program.strip_prefix(root()), program.file_stem()) {
            (Ok(ours), _) => write!(f, "{}", ours.display())?,
            (_, Some(name)) if name == "cargo" => write!(f, "cargo")?,
            _ => write!(f, "{}", program.display())?,
        }
        self.0.get_args().try_for_each(|argument| write!(f, " {}", quoted(argument)))
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.into_owned() }
}

/// A duration such as "1.3 s" or "12 min 34 s".
pub fn spoken(time: Duration) -> String {
    // Rounds before splitting off minutes, so that 59.96 s is not "60.0 s".
    let tenths = (time.as_secs_f64() * 10.0).round() as u64;
    let (minutes, tenths) = (tenths / 600, tenths % 600);
    match minutes {
        0 => format!("{}.{} s", tenths / 10, tenths % 10),
        _ => format!("{minutes} min {} s", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_displayed_as_it_is_typed() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["test", "--", "two words"]).env("F", "-D w");
        assert_eq!(Line(&command).to_string(), "F=\"-D w\" cargo test -- \"two words\"");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_fails_is_named() {
        assert_eq!(succeed(&mut Command::new("true")), Ok(()));
        assert!(answers(&mut Command::new("true")));
        let mut failing = Command::new("false");
        assert!(!answers(&mut failing));
        for outcome in [succeed(&mut failing), output(&mut failing).map(drop)] {
            assert_eq!(outcome, Err(Stop::Failed("false (exit status: 1)".to_owned())));
        }
        assert_eq!(answer(&mut failing), None);
        assert_eq!(answer(Command::new("echo").arg("yes")).as_deref(), Some("yes\n"));
        assert!(!answers(&mut Command::new("no-such-program")));
        assert!(succeed(&mut Command::new("no-such-program")).is_err());
    }

    #[test]
    fn times_are_short() {
        for (millis, text) in
            [(40, "0.0 s"), (1_250, "1.3 s"), (59_940, "59.9 s"), (59_960, "1 min 0 s"), (754_000, "12 min 34 s")]
        {
            assert_eq!(spoken(Duration::from_millis(millis)), text);
        }
    }
}
