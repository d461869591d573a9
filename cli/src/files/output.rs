//! Writes files whole or not at all. On Unix, a file that is replaced keeps its mode, its owner and its links. So a file with
//! several hard links or another owner is overwritten in place; only then can a failure leave a partly written file.

use super::signals;
use crate::failure::Failure;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::{Builder, NamedTempFile};

/// The temporary files on disk. Creating, renaming and removing them happens under this lock, so that a signal handler
/// never sees one half done.
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporaries() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files before the program ends. Returns the lock, so that no thread starts another file.
pub fn abandon() -> impl Sized {
    let mut temporaries = temporaries();
    temporaries.drain(..).for_each(|path| drop(fs::remove_file(path)));
    temporaries
}

/// Writes all files. First each is written to a temporary file in its directory; then these replace the targets.
pub fn write(outputs: &[(&str, Vec<u8>)]) -> Result<(), Failure> {
    signals::watch();
    let written = outputs.iter().map(|(place, bytes)| {
        let target = target(place)?;
        let temporary = Temporary::new(&target, bytes).map_err(|error| refuse(place, error))?;
        Ok((place, target, temporary))
    });
    let written = written.collect::<Result<Vec<_>, Failure>>()?;
    // from here on a signal waits until all targets are replaced
    let mut temporaries = temporaries();
    let mut new: Vec<PathBuf> = Vec::new();
    for (place, target, temporary) in written {
        let is_new = !target.exists();
        if let Err(error) = temporary.replace(&target, &mut temporaries) {
            // some systems refuse a too long name only here. Files that did not exist before are removed again;
            // replaced ones cannot be brought back
            new.iter().for_each(|target| drop(fs::remove_file(target)));
            drop(temporaries);
            return Err(refuse(place, error));
        }
        new.extend(is_new.then_some(target));
    }
    Ok(())
}

/// The path of an output, with links resolved. Refuses one that has none of the `endings`, is no file, is read-only or has
/// no directory, so that nothing is computed in vain. Other failures are found when the file is written.
pub fn check(place: &str, endings: &[&str]) -> Result<PathBuf, Failure> {
    if !endings.iter().any(|ending| place.ends_with(ending)) {
        let files: Vec<_> = endings.iter().map(|ending| format!("FILE{ending}")).collect();
        return Err(refuse(place, format!("expected {}", files.join(" or "))));
    }
    target(place)
}

/// Whether two paths, with links resolved, name one file.
pub fn is_same(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (fs::metadata(a), fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    a == b
}

fn target(place: &str) -> Result<PathBuf, Failure> {
    // a link stays, and the file that it points to is replaced
    match fs::canonicalize(place) {
        Ok(target) => match fs::metadata(&target) {
            Ok(there) if !there.is_file() => Err(refuse(place, "exists, but is not a file")),
            Ok(there) if there.permissions().readonly() => Err(refuse(place, "exists, but may not be written")),
            Ok(_) => Ok(target),
            Err(error) => Err(refuse(place, error)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Ok(missing) = fs::read_link(place) {
                return Err(refuse(place, format!("is a link to {}, which does not exist", missing.display())));
            }
            let name = Path::new(place).file_name().unwrap_or_default();
            let directory = fs::canonicalize(directory(Path::new(place)));
            Ok(directory.map_err(|_| refuse(place, "its directory does not exist"))?.join(name))
        }
        Err(error) => Err(refuse(place, error)),
    }
}

/// A temporary file in the directory of its target. It is deleted when dropped.
struct Temporary(Option<NamedTempFile>);

impl Temporary {
    fn new(target: &Path, bytes: &[u8]) -> io::Result<Temporary> {
        let mut builder = Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let there = fs::metadata(target).ok();
            // a temporary file may be in another group than the file that it will replace, so it gives only its owner access
            let mode = there.map_or(0o666, |there| there.permissions().mode() & 0o700);
            builder.permissions(fs::Permissions::from_mode(mode | 0o200));
        }
        let file = {
            let mut temporaries = temporaries();
            let file = builder.prefix(".wgloss-").tempfile_in(directory(target))?;
            temporaries.push(file.path().to_path_buf());
            file
        };
        let mut temporary = Temporary(Some(file));
        if let Some(file) = &mut temporary.0 {
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
        }
        Ok(temporary)
    }

    /// Renames the temporary file to the target. If the target has several hard links, or another owner or group, which a
    /// rename would lose, overwrites its contents instead.
    fn replace(mut self, target: &Path, temporaries: &mut Vec<PathBuf>) -> io::Result<()> {
        let Some(file) = self.0.take() else { return Ok(()) };
        temporaries.retain(|path| path != file.path());
        let there = fs::metadata(target).ok();
        if !there.as_ref().is_some_and(|there| rename_would_lose(there, file.as_file())) {
            if let Some(there) = there {
                file.as_file().set_permissions(there.permissions())?;
            }
            return file.persist(target).map(drop).map_err(|error| error.error);
        }
        let mut there = File::options().write(true).truncate(true).open(target)?;
        io::copy(&mut File::open(file.path())?, &mut there)?;
        there.sync_all()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            let mut temporaries = temporaries();
            temporaries.retain(|path| path != file.path());
            // removed under the lock, so that a signal handler finds it in the list or not at all
            drop(file);
        }
    }
}

/// Whether a file has more than one hard link, or another owner or group than a new file gets.
#[cfg(unix)]
fn rename_would_lose(there: &Metadata, new: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = |of: &Metadata| (of.uid(), of.gid());
    there.nlink() > 1 || new.metadata().is_ok_and(|new| owner(&new) != owner(there))
}

#[cfg(not(unix))]
fn rename_would_lose(_: &Metadata, _: &File) -> bool {
    false
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn refuse(place: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Input(format!("{place}: {why}"))
}
