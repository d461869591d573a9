//! Files written whole or not at all.

use super::npy;
use crate::failure::Failure;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};
use wgloss::Array;

/// Writes each array to its `.npy` file. All are on the disk beside their places before the first takes its own.
pub fn write(outputs: &[(&str, &Array)]) -> Result<(), Failure> {
    let written = outputs.iter().map(|(place, array)| {
        let target = check(place)?;
        let temporary = temporary(&target, array).map_err(|error| refuse(place, error))?;
        Ok((place, target, temporary))
    });
    for (place, target, temporary) in written.collect::<Result<Vec<_>, Failure>>()? {
        temporary.persist(target).map_err(|error| refuse(place, error.error))?;
    }
    Ok(())
}

/// The file behind a place; refuses what can be told to fail before anything is computed.
pub fn check(place: &str) -> Result<PathBuf, Failure> {
    if !place.ends_with(".npy") {
        return Err(refuse(place, "the files written are FILE.npy"));
    }
    // a link stays, and what it points to is replaced
    match fs::canonicalize(place) {
        Ok(target) if target.is_file() => Ok(target),
        Ok(_) => Err(refuse(place, "is there, and is not a file")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = Path::new(place).file_name().unwrap_or_default();
            let directory = fs::canonicalize(directory(Path::new(place)));
            Ok(directory.map_err(|_| refuse(place, "its directory does not exist"))?.join(name))
        }
        Err(error) => Err(refuse(place, error)),
    }
}

fn temporary(target: &Path, array: &Array) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    let mut file = builder.prefix(".wgloss-").tempfile_in(directory(target))?;
    file.write_all(&npy::bytes(array))?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn refuse(place: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Input(format!("{place}: {why}"))
}
