//! Lists the shader files below `shaders/`, and writes constants for the files, their slots and their overrides. A plan
//! that names a file that does not exist then does not compile.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// A folder of shaders.
#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    /// The paths of its files below `shaders/`, by name.
    files: BTreeMap<String, String>,
}

/// Everything found in the shader files.
#[derive(Default)]
struct Found {
    /// Paths below `shaders/`, without `.wgsl`.
    paths: Vec<String>,
    slots: BTreeSet<String>,
    overrides: BTreeSet<String>,
}

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("shaders");
    println!("cargo::rerun-if-changed=shaders");
    let mut found = Found::default();
    let mut tree = read(&root, "", &mut found)?;
    let mut out = String::new();
    let _ = writeln!(out, "/// Every shader file.\npub(crate) static FILES: &[Source] = &[");
    for path in &found.paths {
        let _ = writeln!(out, "    source!({path:?}),");
    }
    let _ = writeln!(out, "];");
    // a loss's header names its own shader, so no constant is needed
    tree.folders.remove("losses");
    modules(&tree, &mut out);
    let _ = writeln!(out, "pub(crate) mod slot {{\n    use super::Slot;");
    for slot in &found.slots {
        let _ = writeln!(out, "    pub(crate) const {}: Slot = Slot({slot:?});", slot.to_uppercase());
    }
    let _ = writeln!(
        out,
        "}}\n#[allow(dead_code, reason = \"losses have choices of their own\")]\npub(crate) mod choice {{"
    );
    for name in &found.overrides {
        let _ = writeln!(
            out,
            "    pub(crate) const {name}: crate::gpu::choices::Choice = crate::gpu::choices::Choice({name:?});"
        );
    }
    let _ = writeln!(out, "}}");
    fs::write(Path::new(&variable("OUT_DIR")).join("shaders.rs"), out)
}

/// An environment variable that cargo sets.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("cargo sets {name}: {error}"))
}

/// Reads a folder. `inside` is its path below `shaders/`.
fn read(folder: &Path, inside: &str, found: &mut Found) -> io::Result<Folder> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    let mut tree = Folder::default();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            tree.folders.insert(name.clone(), read(&path, &format!("{inside}{name}/"), found)?);
        } else if let Some(name) = name.strip_suffix(".wgsl") {
            tree.files.insert(name.to_string(), format!("{inside}{name}"));
            found.paths.push(format!("{inside}{name}"));
            scan(&fs::read_to_string(&path)?, found);
        }
    }
    Ok(tree)
}

/// Notes the slots and overrides that a file declares.
fn scan(text: &str, found: &mut Found) {
    for line in text.lines() {
        let slots = line.strip_prefix("// slots: ").into_iter().flat_map(|slots| slots.split(' '));
        found.slots.extend(slots.map(str::to_string));
        let declared = line.strip_prefix("override ").and_then(|rest| rest.split_once(':'));
        found.overrides.extend(declared.map(|(name, _)| name.to_string()));
    }
}

/// Writes a module for each folder, with a constant for each file.
fn modules(tree: &Folder, out: &mut String) {
    for (name, folder) in &tree.folders {
        let _ = writeln!(out, "#[allow(dead_code, reason = \"files name each other too\")]\npub(crate) mod {name} {{");
        for (name, path) in &folder.files {
            let _ = writeln!(
                out,
                "    pub(crate) const {}: crate::gpu::shaders::Shader = crate::gpu::shaders::Shader({path:?});",
                name.to_uppercase()
            );
        }
        modules(folder, out);
        let _ = writeln!(out, "}}");
    }
}
