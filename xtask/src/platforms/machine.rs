//! The machine, as rows need it: Debian packages, root, and commands that run with a log and a time limit.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::adapter::{is_root, this_distribution};
use crate::args::Install;
use crate::distribution::Distribution;
use crate::run::{Line, Stop, answer, succeed};

/// Why a row has no result.
#[derive(Debug, PartialEq, Eq)]
pub enum Halt {
    /// This machine can't run it.
    LeftOut(String),
    /// Something failed.
    Failed(String),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        let (Stop::Failed(why) | Stop::NoAdapter(why)) = stop;
        Self::Failed(why)
    }
}

/// Makes sure that the machine has these Debian packages. Installs missing ones if that is allowed.
pub fn need(install: Install, packages: &[&str]) -> Result<(), Halt> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(None, package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named = missing.join(" ");
    if this_distribution() != Some(Distribution::Debian) {
        return Err(Halt::LeftOut(format!("it needs Debian's packages {named}, and this is another system")));
    }
    if install == Install::Forbidden {
        return Err(Halt::LeftOut(format!("--no-install was given, and it needs `apt-get install {named}`")));
    }
    if !is_root() {
        return Err(Halt::LeftOut(format!("it needs `apt-get install {named}`, which only root may do")));
    }
    println!("installing {named}");
    let mut apt = Command::new("apt-get");
    succeed(apt.args(["install", "-qq", "-y"]).args(&missing).env("DEBIAN_FRONTEND", "noninteractive"))
        .or_else(|_| {
            succeed(Command::new("apt-get").args(["update", "-qq"]))?;
            succeed(&mut apt)
        })
        .map_err(Halt::from)
}

/// Leaves the row out unless the user is root.
pub fn need_root() -> Result<(), Halt> {
    match is_root() {
        true => Ok(()),
        false => Err(Halt::LeftOut("it works in a folder with a Debian system of its own, which needs root".into())),
    }
}

/// Whether a package is installed on the machine, or in the Debian system in the folder `system`.
pub fn is_installed(system: Option<&Path>, package: &str) -> bool {
    query(system, package, "${db:Status-Status}").is_some_and(|status| status == "installed")
}

/// The upstream version of an installed package.
pub fn version(system: Option<&Path>, package: &str) -> String {
    let version = query(system, package, "${source:Upstream-Version}");
    version.map_or_else(|| "of an unknown version".into(), |version| as_released(&version).into())
}

/// The version without Debian's suffix: `1.97.1` for `1.97.1+dfsg1`.
fn as_released(version: &str) -> &str {
    version.split(['+', '~']).next().unwrap_or(version)
}

fn query(system: Option<&Path>, package: &str, format: &str) -> Option<String> {
    let mut query = Command::new("dpkg-query");
    if let Some(folder) = system {
        query.arg("--admindir").arg(folder.join("var/lib/dpkg"));
    }
    query.args(["-W", "-f", format, package]);
    answer(&mut query)
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Its output, standard output and standard error.
    pub printed: String,
    /// The most memory that it used, in MiB; 0 if the system does not tell.
    pub memory: u64,
}

impl Ended {
    /// The output of the command if it succeeded, else an error with its last lines.
    pub fn success(self, what: &str) -> Result<String, Halt> {
        match self.succeeded {
            true => Ok(self.printed),
            false => Err(Halt::Failed(format!("{what} failed:\n{}", last_lines(&self.printed, 12)))),
        }
    }
}

/// Runs a command, writes its output to `log`, and kills it after `minutes`.
pub fn watch(command: &mut Command, log: &Path, minutes: u64) -> Result<Ended, Halt> {
    let failed = |error: std::io::Error| Halt::Failed(format!("{}: {error}", log.display()));
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = File::create(log).map_err(failed)?;
    command.stdin(std::process::Stdio::null()).stdout(file.try_clone().map_err(failed)?).stderr(file);
    let mut child = command.spawn().map_err(|error| Halt::Failed(format!("{}: {error}", Line(command))))?;
    let (status, memory) = wait(&mut child, Duration::from_secs(60 * minutes)).map_err(failed)?;
    let printed = String::from_utf8_lossy(&fs::read(log).map_err(failed)?).into_owned();
    let Some(succeeded) = status else {
        let last = last_lines(&printed, 4);
        return Err(Halt::Failed(format!("it was ended after {minutes} minutes; its last lines are:\n{last}")));
    };
    Ok(Ended { succeeded, printed, memory })
}

/// Waits for the child. Returns whether it succeeded (`None` if it was killed at `limit`), and the most memory that it
/// used.
fn wait(child: &mut Child, limit: Duration) -> Result<(Option<bool>, u64), std::io::Error> {
    let (start, mut memory) = (Instant::now(), 0);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((Some(status.success()), memory));
        }
        memory = memory.max(held(child.id()));
        if start.elapsed() > limit {
            // SIGTERM first, so that a shell can kill its children
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            sleep(Duration::from_secs(5));
            child.kill()?;
            child.wait()?;
            return Ok((None, memory));
        }
        sleep(Duration::from_millis(100));
    }
}

/// The most memory that a process has used so far, in MiB.
fn held(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let held = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    held.and_then(|held| held.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The last `count` lines of a text.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_no_suffix_of_debian() {
        for (version, released) in [("1.97.1+dfsg1", "1.97.1"), ("10.0~repack", "10.0"), ("26.2.6", "26.2.6"), ("", "")]
        {
            assert_eq!(as_released(version), released);
        }
    }

    #[test]
    fn the_last_lines_of_a_text_are_found() {
        for (text, count, end) in [("a\nb\nc\n", 2, "b\nc"), ("a", 2, "a"), ("", 2, "")] {
            assert_eq!(last_lines(text, count), end);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_command_is_watched_to_its_end_or_killed() {
        let log = std::env::temp_dir().join(format!("wgloss-watch-{}", std::process::id()));
        let mut shell = Command::new("sh");
        let ended = watch(shell.args(["-c", "echo seen; exit 3"]), &log, 1).expect("it ends by itself");
        assert_eq!((ended.succeeded, ended.printed.as_str()), (false, "seen\n"));
        let late = watch(Command::new("sleep").arg("60"), &log, 0);
        assert!(matches!(late, Err(Halt::Failed(why)) if why.contains("after 0 minutes")));
        fs::remove_file(log).expect("the log is there");
    }
}
