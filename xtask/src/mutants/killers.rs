//! The runs that may kill a mutant: `wgloss verify` or a test binary, for one loss and one kind of kernels.

use super::joined::ON;
use super::results::Fate;
use crate::run::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// The kinds of kernels (values of `WGLOSS_KERNELS`) and the dtypes to verify the cases with. The first kind tells which
/// losses a mutant concerns.
pub const KINDS: &[(&str, &str)] =
    &[("cpu", "f32"), ("gpu", "f32"), ("cpu", "f16"), ("small", "f32"), ("plain", "f32")];

/// The name for all losses.
pub const ALL: &str = "all";

/// The line that the library prints if a kernel does not compile.
const STILLBORN: &str = "mutable-shaders: a kernel does not compile";

/// A run that may kill a mutant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Killer {
    /// The conformance cases of a loss, on its CPU twin.
    Twin { loss: String },
    /// The conformance cases of a loss, on the GPU.
    Verify { kind: String, dtype: String, loss: String },
    /// The calls of a loss that `wgloss verify --thorough` draws.
    Drawn { kind: String, loss: String },
    /// Some of the calls that `wgloss verify --thorough` draws, by their names, for any losses.
    Calls { kind: String, calls: Vec<String> },
    /// The tests of a binary, for one loss.
    Tests { binary: String, kind: String, loss: String },
}

impl fmt::Display for Killer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Killer::Twin { loss } => write!(f, "twin {loss}"),
            Killer::Verify { kind, dtype, loss } => write!(f, "verify {kind} {dtype} {loss}"),
            Killer::Drawn { kind, loss } => write!(f, "drawn {kind} {loss}"),
            Killer::Calls { kind, calls } => write!(f, "calls {kind} {}", calls.join("+")),
            Killer::Tests { binary, kind, loss } => write!(f, "tests {binary} {kind} {loss}"),
        }
    }
}

impl Killer {
    /// Parses what `Display` prints.
    pub fn read(line: &str) -> Option<Killer> {
        let words: Vec<String> = line.split(' ').map(str::to_string).collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["twin", loss] => Some(Killer::Twin { loss: loss.into() }),
            ["verify", kind, dtype, loss] => {
                Some(Killer::Verify { kind: kind.into(), dtype: dtype.into(), loss: loss.into() })
            }
            ["drawn", kind, loss] => Some(Killer::Drawn { kind: kind.into(), loss: loss.into() }),
            ["calls", kind, calls] => {
                let calls = calls.split('+').map(str::to_string).collect();
                Some(Killer::Calls { kind: kind.into(), calls })
            }
            ["tests", binary, kind, loss] => {
                Some(Killer::Tests { binary: binary.into(), kind: kind.into(), loss: loss.into() })
            }
            _ => None,
        }
    }

    /// The id of its loss, or `ALL`.
    pub fn loss(&self) -> &str {
        match self {
            Killer::Twin { loss }
            | Killer::Verify { loss, .. }
            | Killer::Drawn { loss, .. }
            | Killer::Tests { loss, .. } => loss,
            Killer::Calls { .. } => ALL,
        }
    }

    /// The kind of its kernels, if it runs any.
    fn kind(&self) -> Option<&str> {
        match self {
            Killer::Twin { .. } => None,
            Killer::Verify { kind, .. }
            | Killer::Drawn { kind, .. }
            | Killer::Calls { kind, .. }
            | Killer::Tests { kind, .. } => Some(kind),
        }
    }

    fn command(&self, programs: &Programs, shaders: &Path) -> Command {
        let words: &[&str] = match self {
            Killer::Twin { .. } => &["verify", "--device", "cpu", "--fail-fast"],
            Killer::Verify { dtype, .. } => &["verify", "--device", "gpu", "--fail-fast", "--dtype", dtype],
            Killer::Drawn { .. } | Killer::Calls { .. } => &["verify", "--thorough"],
            Killer::Tests { .. } => &[],
        };
        let loss = Some(self.loss()).filter(|loss| *loss != ALL);
        let mut command = match self {
            Killer::Tests { binary, .. } => {
                let mut command = Command::new(&programs.tests[binary]);
                command.envs(loss.map(|loss| ("WGLOSS_LOSSES", loss)));
                let long = LONG.iter().filter(|(of, _)| of == binary).flat_map(|(_, tests)| *tests);
                command.args(long.flat_map(|test| ["--skip", test]));
                command
            }
            _ => {
                let mut command = Command::new(&programs.wgloss);
                command.args(words).args(loss.iter().flat_map(|loss| ["--loss", loss]));
                command
            }
        };
        if let Killer::Calls { calls, .. } = self {
            command.args(calls.iter().flat_map(|call| ["--call", call]));
        }
        if let Some(kind) = self.kind() {
            command.env("WGLOSS_KERNELS", kind);
        }
        if let Some(number) = programs.planted {
            command.env(ON, number.to_string());
        }
        // llvmpipe, which most machines without a GPU have, then compiles kernels in half the time
        command.env("GALLIVM_PERF", "nopt");
        command.env("WGLOSS_SHADERS", shaders).env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Tests of a binary that take long for any loss, and are left out. Those of `gpu` run in `gpu-all`. Those of the unit tests
/// (`wgloss`) compile the texts of all kernels, and seldom notice what no other test notices.
const LONG: &[(&str, &[&str])] = &[
    (
        "gpu",
        &[
            "large::",
            "limits::",
            "reads::",
            "row_shards::",
            "rows::",
            "shards::",
            "split::",
            "vectors::",
            "in_place::rows_that_would_be_cut_are_walked_whole",
        ],
    ),
    ("wgloss", &["dialect::every_kernel", "kernels::every_kernel", "kernels::kernels_pass", "kernels::the_"]),
];

/// The programs that killers run.
#[derive(Clone)]
pub struct Programs {
    /// The program `wgloss`.
    pub wgloss: PathBuf,
    /// The test binaries by name.
    pub tests: BTreeMap<String, PathBuf>,
    /// The number of the fault that is on, where faults are joined.
    pub planted: Option<usize>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing failed, except what also fails without a fault.
    Passed,
    /// This test or case failed.
    Failed(String),
    /// It took too long.
    TimedOut,
    /// A kernel does not compile, for this reason.
    Stillborn(String),
}

/// A finished run.
pub struct Run {
    pub end: End,
    /// The tests that failed.
    pub failed: BTreeSet<String>,
    pub seconds: f64,
}

/// Runs a killer on the shaders of a directory, until it ends, `limit` has passed, or something fails that is not in
/// `expected`. Without `expected`, a failure does not end the run. The names of the shader files that are used are appended
/// to the file `used`.
pub fn run(
    killer: &Killer,
    programs: &Programs,
    shaders: &Path,
    used: Option<&Path>,
    (limit, expected): (Duration, Option<&BTreeSet<String>>),
) -> Result<Run, Stop> {
    let mut command = killer.command(programs, shaders);
    if let Some(used) = used {
        command.env("WGLOSS_SHADERS_USED", used);
    }
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| Stop::Failed(format!("{killer}: {error}")))?;
    let (sender, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    let mut failed = BTreeSet::new();
    let mut end = End::Passed;
    loop {
        match lines.recv_timeout(limit.saturating_sub(start.elapsed())) {
            Ok(line) if line.contains(STILLBORN) => {
                end = End::Stillborn(line);
                break;
            }
            Ok(line) => {
                let Some(what) = failure(&line) else { continue };
                let new = expected.is_some_and(|expected| !expected.contains(&what));
                failed.insert(what.clone());
                if new {
                    end = End::Failed(what);
                    break;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                end = End::TimedOut;
                break;
            }
        }
    }
    let ended = stop(&mut child, end == End::Passed, limit.saturating_sub(start.elapsed()));
    // a failed exit status is a crash, unless tests failed that fail anyway
    if end == End::Passed && (ended.is_none() || (ended == Some(false) && failed.is_empty())) {
        end = if ended.is_none() { End::TimedOut } else { End::Failed("it crashed".to_string()) };
    }
    Ok(Run { end, failed, seconds: start.elapsed().as_secs_f64() })
}

/// Runs a killer on a mutant. Returns the mutant's fate and what decided it, or `None` if the killer passed.
pub fn fate(
    killer: &Killer,
    known: &Known,
    programs: &Programs,
    (shaders, limit): (&Path, Duration),
) -> Result<Option<(Fate, String)>, Stop> {
    let killed = if matches!(killer, Killer::Tests { .. }) { Fate::Tests } else { Fate::Verify };
    Ok(match run(killer, programs, shaders, None, (limit, Some(&known.failed)))?.end {
        End::Passed => None,
        End::Stillborn(_) => Some((Fate::Stillborn, killer.to_string())),
        End::Failed(what) => Some((killed, format!("{killer}: {what}"))),
        End::TimedOut => Some((killed, format!("{killer}: time-out"))),
    })
}

/// Waits for a process if `wait` is set, for at most `limit`, and then kills it. Returns whether it succeeded, or
/// `None` if it was killed.
fn stop(child: &mut Child, wait: bool, limit: Duration) -> Option<bool> {
    let start = Instant::now();
    while wait && start.elapsed() < limit {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status.success());
        }
        thread::sleep(Duration::from_millis(5));
    }
    // an error means that it ended by itself meanwhile
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// The test or case that failed, if the line says so.
fn failure(line: &str) -> Option<String> {
    // names may be padded to one width
    if let Some(test) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
        return Some(test.trim_end().to_string());
    }
    let case = line.trim_start().strip_prefix("FAILED ")?;
    Some(case.split(": ").next().unwrap_or(case).to_string())
}

/// The facts about a killer from its run without a fault.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub seconds: f64,
    /// The shader files in its kernels, each with the names of the drawn calls that use it.
    pub files: BTreeMap<String, BTreeSet<String>>,
    /// The tests that fail without a fault, because they need other losses.
    pub failed: BTreeSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_found_in_output() {
        assert_eq!(failure("test labels::bad ... FAILED").as_deref(), Some("labels::bad"));
        assert_eq!(failure("test labels::bad::dice   ... FAILED").as_deref(), Some("labels::bad::dice"));
        assert_eq!(failure("  FAILED plain: GPU, with gradients: loss: 1 for 2").as_deref(), Some("plain"));
        assert_eq!(failure("FAILED mse:17, labels: the label 9 gave Ok(())").as_deref(), Some("mse:17, labels"));
        assert_eq!(failure("test labels::bad ... ok"), None);
    }

    #[test]
    fn a_killer_is_parsed_as_it_is_displayed() {
        let of = |a: &str| a.to_string();
        for killer in [
            Killer::Twin { loss: of("mse") },
            Killer::Verify { kind: of("gpu"), dtype: of("f16"), loss: of("mse") },
            Killer::Drawn { kind: of("cpu"), loss: of("dice") },
            Killer::Calls { kind: of("gpu"), calls: vec![of("dice:3"), of("mse:17")] },
            Killer::Tests { binary: of("gpu"), kind: of("cpu"), loss: of("dice") },
        ] {
            assert_eq!(Killer::read(&killer.to_string()), Some(killer));
        }
        assert_eq!(Killer::read("verify mse"), None);
    }
}
