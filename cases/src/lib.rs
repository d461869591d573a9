//! The conformance cases of wgloss: inputs, and the losses and gradients that PyTorch computed from them in float64; and
//! how the results of a device are judged by them.
//!
//! For each loss there is a list in JSON and a safetensors file with its tensors. The README of the crate says what they
//! hold. [`files`] returns the files, [`read`] reads those of a loss, and [`Trial::run`] runs a case. It never blocks, so
//! that a browser can run it too.

mod accuracy;
mod case;
mod judge;
mod slices;
mod trial;
mod way;

pub use accuracy::{Accuracy, short};
pub use case::{Body, Case, Expected, Suite, read};
pub use judge::Tolerance;
pub use trial::{Counts, Trial};
pub use way::{Answer, Job, Way};

use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::{self, Read};

/// The files in one archive, so that a program that holds them stays small.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cases.tar.gz"));

/// All files by name: `dice.json`, `dice.safetensors`, ...
///
/// ```
/// let files = wgloss_cases::files()?;
/// assert!(files["dice.json"].starts_with(b"{"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Errors of unpacking. They do not occur with the archive in this crate.
pub fn files() -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(PACKED)).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(name, bytes);
    }
    Ok(files)
}
