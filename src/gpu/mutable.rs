//! Reads shaders at run time for `cargo xtask mutants`, so that one build serves every mutant. Compiled only with the
//! feature `mutable-shaders`.

use crate::gpu::lock::lock;
use crate::loss::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

/// The environment variable that names the directory to read the shaders from.
const FROM: &str = "WGLOSS_SHADERS";

/// The environment variable that names a file. The paths of the shaders of prepared jobs are appended to it, one a line,
/// after the name of the thread that prepares the job. `wgloss verify --thorough` names threads by their calls.
const USED: &str = "WGLOSS_SHADERS_USED";

/// The environment variable with the number of the fault that joined shaders plant in themselves.
const MUTANT: &str = "WGLOSS_MUTANT";

/// The beginning of the line on standard error for a kernel that does not compile. It tells xtask that no test killed the
/// mutant, or which of many joined mutants has to be planted alone.
const STILLBORN: &str = "mutable-shaders: a kernel does not compile";

/// The text of one of the library's shaders. It is read from the directory if [`FROM`] names one.
pub(super) fn text(source: &Source) -> &'static str {
    static READ: Mutex<BTreeMap<&'static str, &'static str>> = Mutex::new(BTreeMap::new());
    let Some(from) = std::env::var_os(FROM) else { return source.text };
    let mut read = lock(&READ);
    read.entry(source.path).or_insert_with(|| {
        let path = Path::new(&from).join(source.path).with_extension("wgsl");
        // without the panic, an unreadable file would look like a surviving mutant
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // never freed, because a `Source` has a static text; there is one for each file
        Box::leak(text.into_boxed_str())
    })
}

/// Writes the paths of the shaders of a job's kernels.
pub(super) fn note(paths: impl Iterator<Item = &'static str>) {
    static NOTED: Mutex<BTreeSet<(String, &'static str)>> = Mutex::new(BTreeSet::new());
    let Some(used) = std::env::var_os(USED) else { return };
    let thread = std::thread::current().name().unwrap_or_default().to_string();
    let mut noted = lock(&NOTED);
    let new = paths.filter(|path| noted.insert((thread.clone(), path)));
    let new: String = new.map(|path| format!("{thread}\t{path}\n")).collect();
    let file = OpenOptions::new().create(true).append(true).open(&used);
    if let Err(error) = file.and_then(|mut file| file.write_all(new.as_bytes())) {
        panic!("{}: {error}", Path::new(&used).display());
    }
}

/// Tells `cargo xtask mutants` that a kernel was refused.
pub(super) fn refused(message: &str) {
    eprintln!("{STILLBORN}: {}", message.replace('\n', " "));
}

/// The number of the fault that joined shaders plant in themselves. It goes to `params.mutant`.
pub(super) fn mutant() -> u32 {
    std::env::var(MUTANT).ok().and_then(|number| number.parse().ok()).unwrap_or(0)
}
