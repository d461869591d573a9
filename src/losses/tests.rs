//! The losses against the tree around them: who names one, and what one repeats of another.

use super::{all, by_id};
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Where losses are named beside their own files and the list, and why.
const NAMED: &[(&str, &str)] = &[
    ("src/losses/mod.rs", "is the list"),
    ("src/tasks.rs", "says which loss people train a task with"),
    ("src/compounds/", "has ready-made sums of named losses"),
    ("src/losses/composite/vae.rs", "is the sum of a squared error or a cross-entropy and a divergence"),
    ("src/losses/region/dice_cross_entropy.rs", "is the sum of two in one pass"),
    ("src/losses/gram/gram_style.rs", "is the squared error of products of channels"),
    ("src/losses/linear/linear_cross_entropy.rs", "is the cross-entropy of logits that are never held"),
    ("xtask/src/mutants/", "tries first the losses that hold most of the shaders' files"),
];

/// The files below a folder, tests left out.
fn files(folder: &str) -> Vec<String> {
    // a package by itself has neither the program nor the tasks
    let Ok(entries) = std::fs::read_dir(Path::new(ROOT).join(folder)) else { return Vec::new() };
    let below = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => files(&path),
            false => vec![path],
        }
    };
    entries.flat_map(below).filter(|path| !path.contains("/tests")).collect()
}

/// A file's code, without its comments and its tests.
fn code(path: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join(path)).expect("a file of the tree");
    let shipped = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    shipped.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n")
}

/// Whether code names a loss: its struct, or its id in quotes, alone or at the end of a path.
fn names(code: &str, id: &str) -> bool {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let name: String = id.split('_').map(capital).collect();
    let mut words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| word == name) || ["\"", "/"].iter().any(|before| code.contains(&format!("{before}{id}\"")))
}

/// Adding a loss is adding two files and a line: the walks, the checks, the kernels and the program know it by its header.
#[test]
fn nothing_but_its_files_and_the_list_names_a_loss() {
    let (mut excepted, mut own) = (BTreeSet::new(), BTreeSet::new());
    for path in ["src", "shaders", "cli/src", "xtask/src"].into_iter().flat_map(files) {
        let code = code(&path);
        for id in all().iter().map(|loss| loss.header().id).filter(|id| names(&code, id)) {
            if path.ends_with(&format!("/{id}.rs")) {
                own.insert(id);
                continue;
            }
            let exception = NAMED.iter().find(|(place, _)| path.starts_with(place));
            excepted.insert(exception.unwrap_or_else(|| panic!("{path} names {id}")).0);
        }
    }
    assert_eq!(own.len(), all().len(), "every loss is named in its own file: {own:?}");
    for (place, reason) in NAMED {
        assert!(excepted.contains(place), "{place} {reason}, and names none");
    }
}

/// Losses that repeat all options of another, but for what differs.
const REPEATING: &[(&str, &str, &[&str])] = &[
    ("linear_cross_entropy", "cross_entropy", &[]),
    ("dice_cross_entropy", "cross_entropy", &[]),
    // one label is ignored by both, and cross-entropy always has one
    ("dice_cross_entropy", "dice", &["ignore_index"]),
];

#[test]
fn what_is_repeated_of_another_loss_is_the_same() {
    for (id, of, differing) in REPEATING {
        let options = |id| {
            let loss = by_id(id).expect("a loss");
            loss.specs().into_iter().zip(loss.values()).collect::<Vec<_>>()
        };
        let own = options(id);
        for (spec, value) in options(of).into_iter().filter(|(spec, _)| !differing.contains(&spec.name)) {
            let same = own.iter().any(|(own, default)| {
                (own.name, own.kind, own.range) == (spec.name, spec.kind, spec.range) && *default == value
            });
            assert!(same, "{id} has {} otherwise than {of}", spec.name);
        }
    }
}
