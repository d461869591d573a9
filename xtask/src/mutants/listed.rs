//! The faults of plans and twins, as cargo-mutants lists them.

use super::put;
use super::rules::Mutant;
use crate::args::Install;
use crate::run::{Stop, answer, cargo, output, root, run as announce};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// Files in the folders of plans and losses that only tests use. No mutant of them is listed.
const TESTS: &[&str] = &["src/gpu/plan/invariants.rs", "src/losses/tests.rs"];

/// The version of cargo-mutants. Another version may find other mutants, so that a seed would draw others.
const VERSION: &str = "27.1.0";

/// All mutants of plans and twins that cargo-mutants lists.
pub fn listed(install: Install, texts: &BTreeMap<String, String>) -> Result<Vec<Mutant>, Stop> {
    // cargo-mutants follows `mod` items, but not those in macros. This package has a `mod` for each file.
    let package = root().join("target/mutants/listed");
    let mut library = String::new();
    for (number, (file, text)) in texts.iter().enumerate() {
        let path = package.join(file);
        put(&path, text.as_bytes())?;
        library += &format!("#[path = \"{}\"]\nmod file_{number};\n", file.trim_start_matches("src/"));
    }
    let manifest = "[package]\nname = \"listed\"\nedition = \"2024\"\n[workspace]\n";
    for (name, text) in [("Cargo.toml", manifest), ("src/lib.rs", &library)] {
        put(&package.join(name), text.as_bytes())?;
    }
    let mut command = Command::new(cargo_mutants(install)?);
    let json = output(command.args(["mutants", "--list", "--json", "--dir"]).arg(&package))?;
    let entries: Vec<Entry> = serde_json::from_str(&json)
        .map_err(|error| Stop::Failed(format!("what cargo-mutants lists can't be read: {error}")))?;
    let mut seen = BTreeSet::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let entries =
        entries.into_iter().filter(|entry| !TESTS.contains(&entry.file.as_str()) && seen.insert(entry.name.clone()));
    Ok(entries.filter_map(|entry| entry.mutant(texts, &mut times)).collect())
}

/// A mutant in cargo-mutants' list.
#[derive(Deserialize)]
struct Entry {
    name: String,
    file: String,
    span: Span,
    replacement: String,
}

#[derive(Deserialize)]
struct Span {
    start: Point,
    end: Point,
}

/// A line and a column, both counted from 1. Columns count characters.
#[derive(Deserialize)]
struct Point {
    line: usize,
    column: usize,
}

impl Point {
    fn byte(&self, text: &str) -> Option<usize> {
        let line = text.split_inclusive('\n').take(self.line - 1).map(str::len).sum::<usize>();
        let column = text[line..].char_indices().nth(self.column - 1).map(|(at, _)| at);
        Some(line + column.or((line == text.len()).then_some(0))?)
    }
}

impl Entry {
    /// The mutant. Its name has the file, the change and the function, and a number to distinguish equal names, but no line
    /// number, so that the name stays the same when lines move.
    fn mutant(self, texts: &BTreeMap<String, String>, times: &mut BTreeMap<String, usize>) -> Option<Mutant> {
        let text = texts.get(&self.file)?;
        let change = self.name.splitn(4, ':').nth(3)?.trim();
        let name = format!("{}: {}", self.file, change.split_whitespace().collect::<Vec<_>>().join(" "));
        let time = times.entry(name.clone()).and_modify(|time| *time += 1).or_insert(1);
        Some(Mutant {
            name: if *time > 1 { format!("{name} #{time}") } else { name },
            rule: "source",
            bytes: self.span.start.byte(text)?..self.span.end.byte(text)?,
            by: self.replacement,
            function: None,
            file: self.file,
        })
    }
}

/// The path of cargo-mutants. Installs it below `target/` if it is not there, or there in another version.
fn cargo_mutants(install: Install) -> Result<PathBuf, Stop> {
    let folder = root().join("target/mutants/cargo-mutants");
    let program = folder.join("bin/cargo-mutants");
    let said = answer(Command::new(&program).args(["mutants", "--version"]));
    if said.is_some_and(|said| said.split_whitespace().last() == Some(VERSION)) {
        return Ok(program);
    }
    let folder = folder.to_string_lossy().into_owned();
    let args = ["install", "cargo-mutants", "--version", VERSION, "--locked", "--root", &folder];
    match install {
        Install::Allowed => announce(&mut cargo(&args)).map(|()| program),
        Install::Forbidden => Err(Stop::Failed(format!("it needs `cargo {}`", args.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_mutant_gets_a_name_without_lines() {
        let text = "fn f(a: u32) -> u32 {\n    // ä ist a\n    a + 1 + 2\n}\n";
        let texts = BTreeMap::from([("src/cpu/f.rs".to_string(), text.to_string())]);
        let json = |column: usize| {
            format!(
                "{{\"name\": \"src/cpu/f.rs:3:{column}: replace + with - in f\", \"file\": \"src/cpu/f.rs\", \"genre\": \"x\",
                  \"replacement\": \"-\", \"span\": {{\"start\": {{\"line\": 3, \"column\": {column}}},
                  \"end\": {{\"line\": 3, \"column\": {}}}}}}}",
                column + 1
            )
        };
        let entries: Vec<Entry> = serde_json::from_str(&format!("[{}, {}]", json(7), json(11))).expect("two mutants");
        let mut times = BTreeMap::new();
        let mutants: Vec<Mutant> = entries.into_iter().filter_map(|entry| entry.mutant(&texts, &mut times)).collect();
        let named: Vec<_> = mutants.iter().map(|mutant| (mutant.name.as_str(), mutant.shown(text))).collect();
        let wanted = [
            ("src/cpu/f.rs: replace + with - in f", "a + 1 + 2 => a - 1 + 2".to_string()),
            ("src/cpu/f.rs: replace + with - in f #2", "a + 1 + 2 => a + 1 - 2".to_string()),
        ];
        assert_eq!(named, wanted);
    }
}
