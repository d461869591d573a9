//! The environment in which programs on a CPU are fastest, for wgloss under llvmpipe and for peers alike.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

/// Makes glibc keep the memory of large tensors, in huge pages. By default it returns the memory to the system each time. The
/// peers of `cargo xtask bench` get the same.
const MEMORY: &str = include_str!("../../tuned.env");

/// The name of the variable that says how many bits llvmpipe's vectors have.
const WIDTH: &str = "LP_NATIVE_VECTOR_WIDTH";

/// The variables and their values. Other C libraries than glibc have no such memory.
pub(super) fn tuned() -> impl Iterator<Item = (&'static str, &'static str)> {
    let memory = MEMORY.trim_end().split_once('=').filter(|_| cfg!(target_env = "gnu"));
    memory.into_iter().chain([(WIDTH, width())])
}

/// The longest vectors of this CPU. llvmpipe takes 256 bits by default, also where the CPU has 512.
fn width() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return "512";
    }
    "256"
}

/// Whether this process runs in the tuned environment.
pub fn is_tuned() -> bool {
    tuned().all(|(name, value)| std::env::var(name).is_ok_and(|set| set == value))
}

/// The tuned variables of this process, for the table's head. `None` if it has none of them.
pub(super) fn named() -> Option<String> {
    let set: Vec<String> =
        tuned().filter_map(|(name, _)| Some(format!("{name}={}", std::env::var(name).ok()?))).collect();
    (!set.is_empty()).then(|| format!("environment: {}", set.join(" ")))
}

/// Runs this program again with these arguments in the tuned environment: glibc reads it before a program starts. What it
/// prints goes to `printed`.
///
/// # Errors
/// The program can't be started.
pub fn run_tuned(arguments: impl IntoIterator<Item = OsString>, printed: Stdio) -> io::Result<ExitStatus> {
    Command::new(std::env::current_exe()?).args(arguments).envs(tuned()).stdout(printed).status()
}
