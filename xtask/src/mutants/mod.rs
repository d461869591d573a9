//! `cargo xtask mutants`: plants one-line faults in shaders, plans and twins, one at a time, and finds those that no
//! check notices.

mod baseline;
mod draw;
mod joined;
mod killers;
mod listed;
mod results;
mod rounds;
mod rules;
mod shaders;
mod sources;
mod tokens;

use crate::adapter::set_up_by;
use crate::args::{Install, Mutants};
use crate::run::{Stop, read, root};
use rules::Mutant;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs or lists mutants.
pub fn mutants(install: Install, options: &Mutants) -> Result<(), Stop> {
    let folder = root().join("target/mutants");
    fs::create_dir_all(&folder).map_err(Stop::at(&folder))?;
    let of_sources = options.file.as_ref().map(|file| file.starts_with("src/"));
    if options.shaders && of_sources != Some(true) {
        shaders::shaders(install, options)?;
    }
    if options.sources && of_sources != Some(false) {
        sources::sources(install, options)?;
    }
    Ok(())
}

/// Prints mutants with their source lines.
fn print(chosen: &[Mutant], texts: &BTreeMap<String, String>, possible: usize) {
    chosen.iter().for_each(|mutant| println!("{}\n    {}", mutant.name, mutant.shown(&texts[&mutant.file])));
    println!("{} mutants of {possible}", chosen.len());
}

/// Makes sure that there is an adapter. Asks a program that mutants need anyway, because to build another one would take
/// minutes.
fn set_up(install: Install, program: &Path) -> Result<(), Stop> {
    let devices = || {
        let mut command = Command::new(program);
        command.arg("devices");
        command
    };
    set_up_by(install, &devices)
}

/// The ids of all losses, from the names of their case files.
fn losses() -> Result<BTreeSet<String>, Stop> {
    let files = files_below(&root().join("cases/v1"), "json")?;
    Ok(files.iter().filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect())
}

/// All files with an extension in a folder and its subfolders.
fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Stop> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Stop::at(folder))? {
        let path = entry.map_err(Stop::at(folder))?.path();
        if path.is_dir() {
            found.extend(files_below(&path, extension)?);
        } else if path.extension().is_some_and(|of| of == extension) {
            found.push(path);
        }
    }
    Ok(found)
}

/// The folder with `equivalent.tsv` and `fixed.tsv`.
fn lists() -> PathBuf {
    root().join("xtask/mutants")
}

/// Writes a file and its folder. Leaves a file alone that has these bytes already, so that cargo rebuilds nothing for it.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes)).map_err(Stop::at(path))
}
