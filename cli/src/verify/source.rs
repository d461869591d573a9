//! Finds conformance cases in the program or in a directory.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// The bytes of one loss's files, not yet parsed.
pub struct Source {
    /// The list of cases.
    pub json: Vec<u8>,
    /// Their tensors.
    pub tensors: Vec<u8>,
    /// The name of both files, without extensions.
    pub name: String,
}

/// The files of every loss, from a directory or from the program.
pub fn sources(directory: Option<&Path>) -> Result<Vec<Source>, Failure> {
    let (place, files) = match directory {
        Some(directory) => (directory.display().to_string(), listed(directory)),
        None => ("the program's own cases".into(), wgloss_cases::files()),
    };
    let mut files = files.map_err(|error| Failure::Input(format!("{place}: {error}")))?;
    let names: Vec<String> = files.keys().filter_map(|name| name.strip_suffix(".json")).map(str::to_string).collect();
    if names.is_empty() {
        return Err(Failure::Input(format!("{place}: there are no cases in it")));
    }
    let mut take = |file: String| files.remove(&file).ok_or(Failure::Input(format!("{place}: {file} is missing")));
    let source = |name: String| {
        Ok(Source { json: take(format!("{name}.json"))?, tensors: take(format!("{name}.safetensors"))?, name })
    };
    names.into_iter().map(source).collect()
}

fn listed(directory: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json" || extension == "safetensors") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}
