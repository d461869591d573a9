//! Imports run one way: no file imports, directly or through others, a file that imports it.
//!
//! A file imports from the files that define the items its paths name, in `use` lines and in code such as
//! `crate::math::greatest`. A re-export is no definition: a path through a parent module leads to the file that defines
//! the item.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A folder of tests, which may import anything.
const LEFT_OUT: &str = "gpu/tests/";

/// Imports that close a circle, and why no file can be moved to avoid this.
const RUNNING_BACK: &[(&str, &str, &str)] = &[
    ("leaf/composite.rs", "loss.rs", "a loss has a leaf, and the leaf of a sum has losses"),
    ("leaf/region.rs", "loss.rs", "a loss has a leaf, and the leaf of a region loss may have a fused loss"),
];

/// A file of the library.
struct File {
    /// The path of its module from the crate's root, such as `["gpu", "plan"]`.
    module: Vec<String>,
    /// Its code, without comments and tests.
    code: String,
}

/// Every file below `src` that the test covers, by its path below `src`.
fn files() -> BTreeMap<String, File> {
    fn add(folder: &Path, below: &str, files: &mut BTreeMap<String, File>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the tree") {
            let entry = entry.expect("an entry");
            let path = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                add(&entry.path(), &format!("{path}/"), files);
            } else if let Some(module) = path.strip_suffix(".rs").filter(|_| !is_left_out(&path)) {
                let module = module.trim_end_matches("mod").trim_end_matches('/').split('/');
                let module = module.filter(|name| *name != "lib").map(String::from).collect();
                let text = std::fs::read_to_string(entry.path()).expect("a file of the tree");
                files.insert(path, File { module, code: code(&text) });
            }
        }
    }
    let mut files = BTreeMap::new();
    add(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    files
}

/// Whether the test leaves a file out: tests, and this file.
fn is_left_out(path: &str) -> bool {
    path.starts_with(LEFT_OUT) || path.ends_with("tests.rs") || path == "imports.rs"
}

fn code(text: &str) -> String {
    let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    shipped.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n")
}

/// Parses the path or the group of paths that a text begins with, such as `a::{b, c::d}`. Returns the names of each
/// path, and the text after the last one.
fn paths(mut text: &str) -> (Vec<Vec<&str>>, &str) {
    let mut names = Vec::new();
    loop {
        if let Some(mut rest) = text.strip_prefix('{') {
            let mut all = Vec::new();
            loop {
                rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
                if let Some(after) = rest.strip_prefix('}') {
                    return (all, after);
                }
                let (inner, after) = paths(rest);
                assert!(after.len() < rest.len(), "no path: {}", rest.lines().next().unwrap_or_default());
                all.extend(inner.into_iter().map(|path| [&names[..], &path[..]].concat()));
                rest = after;
            }
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        // a glob ends a path, and names nothing
        let (name, after) = text.split_at(if text.starts_with('*') { 1 } else { end });
        names.extend((!name.is_empty() && name != "*").then_some(name));
        match after.strip_prefix("::") {
            Some(next) if !name.is_empty() => text = next,
            _ => return (vec![names], after),
        }
    }
}

/// Whether a file's code defines an item of this name.
fn defines(file: &File, name: &str) -> bool {
    let kinds = ["struct ", "enum ", "trait ", "type ", "fn ", "const ", "static ", "macro_rules! "];
    let ends = |after: &str| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    kinds.iter().any(|kind| file.code.split(&format!("{kind}{name}")).skip(1).any(ends))
}

/// The file that defines what a path names. The path is relative to `module`.
fn defining<'a>(files: &'a BTreeMap<String, File>, mut module: Vec<String>, path: &[&str]) -> Option<&'a str> {
    let is_module = |module: &[String]| files.values().any(|file| file.module.starts_with(module));
    let mut names = path.iter().copied().peekable();
    while names.next_if_eq(&"super").is_some() {
        module.pop();
    }
    while let Some(name) = names.next_if(|name| is_module(&[&module[..], &[name.to_string()]].concat())) {
        module.push(name.to_string());
    }
    // `None` for a folder of losses, which is a module without a file of its own
    let own = files.iter().find(|(_, file)| file.module == module).map(|(path, _)| path.as_str());
    let Some(item) = names.next() else { return own };
    if own.is_some_and(|own| defines(&files[own], item)) {
        return own;
    }
    let mut inside = files.iter().filter(|(_, file)| file.module.starts_with(&module));
    inside.find(|(_, file)| defines(file, item)).map(|(path, _)| path.as_str()).or(own)
}

/// The files that a file imports from.
fn imports<'a>(files: &'a BTreeMap<String, File>, path: &str) -> BTreeSet<&'a str> {
    let File { module, code } = &files[path];
    let below = files.values().filter(|file| file.module.len() > module.len() && file.module.starts_with(module));
    let children: BTreeSet<&str> = below.map(|file| file.module[module.len()].as_str()).collect();
    let starts: Vec<&str> = children.into_iter().chain(["crate", "super"]).collect();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("::") {
        let start = code[..at].rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |before| before + 1);
        let (name, before) = (&code[start..at], &code[..start]);
        // a path does not start in the middle of another, at `$crate`, or in `pub(in ...)`
        let is_start = !before.ends_with(':') && !before.ends_with('$') && !before.ends_with("(in ");
        if is_start && starts.contains(&name) {
            let (from, text) =
                if name == "crate" { (Vec::new(), &code[at + 2..]) } else { (module.clone(), &code[start..]) };
            found.extend(paths(text).0.iter().filter_map(|path| defining(files, from.clone(), path)));
        }
    }
    // the root only re-exports
    found.retain(|other| *other != path && *other != "lib.rs");
    found
}

/// A circle of imports among these files, if there is one.
fn circle(imports: &BTreeMap<&str, BTreeSet<&str>>) -> Option<Vec<String>> {
    // removes files that import none of the remaining files, until nothing changes
    let mut left: BTreeSet<&str> = imports.keys().copied().collect();
    loop {
        let stuck: BTreeSet<&str> =
            left.iter().copied().filter(|path| imports[path].iter().any(|other| left.contains(other))).collect();
        if stuck.len() == left.len() {
            break;
        }
        left = stuck;
    }
    let mut path = vec![*left.first()?];
    loop {
        let last = path[path.len() - 1];
        let next = imports[last].iter().copied().find(|other| left.contains(other))?;
        if let Some(first) = path.iter().position(|earlier| *earlier == next) {
            return Some(path[first..].iter().chain([&next]).map(|path| path.to_string()).collect());
        }
        path.push(next);
    }
}

#[test]
fn imports_run_one_way() {
    let files = files();
    let mut all: BTreeMap<&str, BTreeSet<&str>> =
        files.keys().map(|path| (path.as_str(), imports(&files, path))).collect();
    for (from, to, reason) in RUNNING_BACK {
        assert!(all.get_mut(from).is_some_and(|imports| imports.remove(to)), "{from} does not import {to}: {reason}");
    }
    for (from, to) in [
        ("cpu/evaluate.rs", "check/work.rs"),
        ("cpu/mod.rs", "cpu/evaluate.rs"),
        ("check/shards.rs", "check/work.rs"),
        ("losses/composite/vae.rs", "losses/pointwise/mse.rs"),
        ("compounds/style.rs", "compounds/images.rs"),
    ] {
        assert!(all[from].contains(to), "{from} imports {to}, but only {:?} were found", all[from]);
    }
    if let Some(circle) = circle(&all) {
        panic!("these files import each other: {}", circle.join(" -> "));
    }
}

#[test]
fn a_path_is_read_name_by_name() {
    assert_eq!(paths("a::{b, c::{self, D}}; x").0, [vec!["a", "b"], vec!["a", "c", "self"], vec!["a", "c", "D"]]);
    assert_eq!(paths("a::B::new(1)").0, [vec!["a", "B", "new"]]);
    assert_eq!(paths("a::*;").0, [vec!["a"]]);
}

#[test]
fn a_circle_is_found() {
    let graph = |edges: &[(&'static str, &'static str)]| {
        let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry(from).or_default().insert(to);
            graph.entry(to).or_default();
        }
        graph
    };
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = circle(&graph(&[("top", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]));
    assert_eq!(found.as_deref(), Some(&["a", "b", "c", "a"].map(String::from)[..]));
}
