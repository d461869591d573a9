//! Runs PyTorch on the inputs that a report has written.

use super::tuned::tuned;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// The script that measures PyTorch.
const SCRIPT: &str = include_str!("../../peers/pytorch.py");

/// Runs PyTorch in a mode, `eager` or `compile`, on the inputs in `inputs`, with floats of this type (`float32` or `float16`)
/// on this device (`cuda` or `cpu`), and in the tuned environment if `is_tuned` is set. Writes its table to `out`.
///
/// # Errors
/// Python can't be started, or ends with an error.
pub fn pytorch(
    python: &str,
    inputs: &Path,
    out: &Path,
    [mode, dtype, device]: [&str; 3],
    (seconds, is_tuned): (f64, bool),
) -> io::Result<()> {
    let folder = out.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let script = folder.join("pytorch.py");
    fs::write(&script, SCRIPT)?;
    let mut command = Command::new(python);
    command.arg(&script).arg("--inputs").arg(inputs).arg("--out").arg(out);
    command.args(["--mode", mode, "--dtype", dtype, "--device", device, "--seconds", &seconds.to_string()]);
    command.envs(tuned().filter(|_| is_tuned));
    match command.status()? {
        status if status.success() => Ok(()),
        status => Err(io::Error::other(format!("it ended with {status}"))),
    }
}
