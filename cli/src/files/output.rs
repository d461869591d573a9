//! Files written whole or not at all.

use crate::failure::Failure;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// Writes each file. All are on the disk beside their places before the first takes its own.
pub fn write(outputs: &[(&str, Vec<u8>)]) -> Result<(), Failure> {
    let written = outputs.iter().map(|(place, bytes)| {
        let target = target(place)?;
        let temporary = temporary(&target, bytes).map_err(|error| refuse(place, error))?;
        Ok((place, target, temporary))
    });
    let mut new: Vec<PathBuf> = Vec::new();
    for (place, target, temporary) in written.collect::<Result<Vec<_>, Failure>>()? {
        let is_new = !target.exists();
        if let Err(error) = temporary.persist(&target) {
            // some systems find a name too long only here; what was there before is replaced for good
            new.iter().for_each(|target| drop(fs::remove_file(target)));
            return Err(refuse(place, error.error));
        }
        new.extend(is_new.then_some(target));
    }
    Ok(())
}

/// The file behind a place; refuses what can be told to fail before anything is computed, as names that do not end so.
pub fn check(place: &str, endings: &[&str]) -> Result<PathBuf, Failure> {
    if !endings.iter().any(|ending| place.ends_with(ending)) {
        let files: Vec<_> = endings.iter().map(|ending| format!("FILE{ending}")).collect();
        return Err(refuse(place, format!("the files written are {}", files.join(" and "))));
    }
    target(place)
}

fn target(place: &str) -> Result<PathBuf, Failure> {
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

fn temporary(target: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    let mut file = builder.prefix(".wgloss-").tempfile_in(directory(target))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn refuse(place: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Input(format!("{place}: {why}"))
}
