//! Plants faults in plans and twins. cargo-mutants lists the faults; they are planted in a copy of the project. Each
//! costs a build of the library.

use super::baseline::Baseline;
use super::killers::{ALL, KINDS, Killer, Known, Programs, fate};
use super::results::Fate;
use super::rounds::Rounds;
use super::rules::Mutant;
use super::{draw, executables, losses, print, set_up, written};
use crate::args::{Install, Mutants};
use crate::run::{Stop, answers, cargo, output, root, run as announce};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The default of `--count`.
const COUNT: usize = 150;

/// The folders with plans and twins.
const FOLDERS: &[&str] = &["src/cpu", "src/gpu/plan", "src/losses"];

/// Files in these folders that only tests use.
const TESTS: &[&str] = &["src/gpu/plan/invariants.rs", "src/losses/tests.rs"];

/// The version of cargo-mutants. Another version may find other mutants, so that a seed would draw others.
const VERSION: &str = "27.1.0";

/// The test binaries. `wgloss` is the unit tests of the library.
const BINARIES: &[&str] = &["accuracy", "faults", "gpu", "gpu-all", "twins", "wgloss"];

/// Plants faults in plans and twins, or prints them.
pub fn sources(install: Install, options: &Mutants) -> Result<(), Stop> {
    let files = tracked()?;
    let texts = texts(&files);
    let mut all = listed(install, &texts)?;
    if let Some(file) = &options.file {
        all.retain(|mutant| mutant.file == *file);
    }
    let planned = all.len();
    let chosen = draw::uniform(all, options.seed, options.count.unwrap_or(COUNT));
    if options.list {
        print(&chosen, &texts, planned);
        return Ok(());
    }
    let (folder, copy) = (root().join("target/mutants"), root().join("target/mutants/sources"));
    copied(&files, &copy)?;
    let mut rounds = Rounds::new(&chosen, &texts, &copy, "", options)?;
    let programs = Programs { wgloss: program(&copy)?, tests: tests(&copy)? };
    set_up(install, &programs.wgloss)?;
    let mut baseline = Baseline::read(&folder.join("baseline-sources.tsv"));
    let (losses, shaders) = (losses()?, root().join("shaders"));
    // learn before the build of a mutant overwrites the original programs
    for killer in chosen.iter().flat_map(|mutant| killers(mutant, &losses)).collect::<BTreeSet<_>>() {
        baseline.learn(&killer, &programs, &shaders)?;
    }
    rounds.round(
        |line| line.is_none_or(|line| options.thorough && line.fate == Fate::Survived),
        |mutant, copy| {
            let known = |killer| Some((baseline.known.get(&killer)?.clone(), killer));
            let mut killers: Vec<(Known, Killer)> = killers(mutant, &losses).into_iter().filter_map(known).collect();
            killers.sort_by(|(a, _), (b, _)| a.seconds.total_cmp(&b.seconds));
            judge(&killers, copy)
        },
    )?;
    println!("{}", rounds.summary());
    Ok(())
}

/// Builds a mutant, and runs its killers in order until one kills it.
fn judge(killers: &[(Known, Killer)], copy: &Path) -> Result<(Fate, String), Stop> {
    let Ok(wgloss) = program(copy) else { return Ok((Fate::Stillborn, "it does not compile".to_string())) };
    let mut programs = Programs { wgloss, tests: BTreeMap::new() };
    for (known, killer) in killers {
        let is_test = matches!(killer, Killer::Tests { .. });
        if is_test && programs.tests.is_empty() {
            match tests(copy) {
                Ok(built) => programs.tests = built,
                Err(_) => return Ok((Fate::Tests, "the tests do not compile".to_string())),
            }
        }
        let limit = Duration::from_secs_f64(30.0 + 5.0 * known.seconds);
        if let Some(fate) = fate(killer, known, &programs, (&root().join("shaders"), limit))? {
            return Ok(fate);
        }
    }
    Ok((Fate::Survived, String::new()))
}

/// The killers of a mutant: for one loss if the mutant is in that loss's file, else for all losses.
fn killers(mutant: &Mutant, losses: &BTreeSet<String>) -> Vec<Killer> {
    let stem = Path::new(&mutant.file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let loss = if mutant.file.starts_with("src/losses") && losses.contains(&stem) { stem } else { ALL.to_string() };
    let kernels =
        |kind: &str, dtype: &str| Killer::Verify { kind: kind.into(), dtype: dtype.into(), loss: loss.clone() };
    let mut killers = match mutant.file.starts_with("src/gpu") {
        true => KINDS.iter().map(|(kind, dtype)| kernels(kind, dtype)).collect(),
        false => vec![Killer::Twin { loss: loss.clone() }],
    };
    killers.push(Killer::Drawn { kind: "cpu".into(), loss: loss.clone() });
    let tests = |binary: &&str| Killer::Tests { binary: binary.to_string(), kind: "cpu".into(), loss: loss.clone() };
    killers.extend(BINARIES.iter().map(tests));
    killers
}

/// All mutants of plans and twins that cargo-mutants lists.
fn listed(install: Install, texts: &BTreeMap<String, String>) -> Result<Vec<Mutant>, Stop> {
    // cargo-mutants follows `mod` items, but not those in macros. This package has a `mod` for each file.
    let package = root().join("target/mutants/listed");
    let mut library = String::new();
    for (number, (file, text)) in texts.iter().enumerate() {
        let path = package.join(file);
        written(path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)), &path)?;
        library += &format!("#[path = \"{}\"]\nmod file_{number};\n", file.trim_start_matches("src/"));
    }
    let manifest = "[package]\nname = \"listed\"\nedition = \"2024\"\n[workspace]\n";
    for (name, text) in [("Cargo.toml", manifest), ("src/lib.rs", &library)] {
        written(fs::write(package.join(name), text), &package.join(name))?;
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

/// The path of cargo-mutants. Installs it below `target/` if it is not there.
fn cargo_mutants(install: Install) -> Result<PathBuf, Stop> {
    let folder = root().join("target/mutants/cargo-mutants");
    let program = folder.join("bin/cargo-mutants");
    if answers(Command::new(&program).args(["mutants", "--version"])) {
        return Ok(program);
    }
    let folder = folder.to_string_lossy().into_owned();
    let args = ["install", "cargo-mutants", "--version", VERSION, "--locked", "--root", &folder];
    match install {
        Install::Allowed => announce(&mut cargo(&args)).map(|()| program),
        Install::Forbidden => Err(Stop::Failed(format!("it needs `cargo {}`", args.join(" ")))),
    }
}

/// The texts of plans and twins, by path.
fn texts(files: &[String]) -> BTreeMap<String, String> {
    let is_source = |file: &&String| FOLDERS.iter().any(|folder| Path::new(file).starts_with(folder));
    let text = |file: &String| Some((file.clone(), fs::read_to_string(root().join(file)).ok()?));
    files.iter().filter(is_source).filter_map(text).collect()
}

/// Copies files of the project, except those that are equal in the copy.
fn copied(files: &[String], copy: &Path) -> Result<(), Stop> {
    for file in files {
        let (from, to) = (root().join(file), copy.join(file));
        let bytes = fs::read(&from).map_err(|error| Stop::Failed(format!("{}: {error}", from.display())))?;
        if !fs::read(&to).is_ok_and(|there| there == bytes) {
            written(to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&to, bytes)), &to)?;
        }
    }
    Ok(())
}

/// The files of the project that a build may need.
fn tracked() -> Result<Vec<String>, Stop> {
    let list = output(
        Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root()),
    )?;
    let needed = |file: &&str| !file.is_empty() && !file.starts_with("fuzz/") && root().join(file).is_file();
    Ok(list.split('\0').filter(needed).map(str::to_string).collect())
}

/// A cargo command in the copy. It has its own target folder, so that a mutant does not overwrite the project's
/// programs.
fn in_copy(copy: &Path, args: &[&str]) -> Command {
    let mut command = cargo(args);
    command.current_dir(copy).args(["--quiet", "--message-format", "json", "--target-dir"]);
    command.arg(root().join("target/mutants/build")).stderr(Stdio::null());
    command
}

/// Builds the program `wgloss` of the copy.
fn program(copy: &Path) -> Result<PathBuf, Stop> {
    let built = executables(&mut in_copy(copy, &["build", "-p", "wgloss-cli"]))?;
    built.get("wgloss").cloned().ok_or(Stop::Failed("cargo built no `wgloss`".to_string()))
}

/// Builds the tests of the copy's library.
fn tests(copy: &Path) -> Result<BTreeMap<String, PathBuf>, Stop> {
    let mut built = executables(&mut in_copy(copy, &["test", "-p", "wgloss", "--no-run", "--lib", "--tests"]))?;
    let gpu = built.get("gpu").cloned().ok_or(Stop::Failed("cargo built no `gpu`".to_string()))?;
    built.insert("gpu-all".to_string(), gpu);
    Ok(built)
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

    #[test]
    fn a_leaf_is_judged_by_its_loss_and_a_plan_by_all_losses() {
        let losses = BTreeSet::from(["mse".to_string()]);
        let of = |file: &str| {
            let bytes = 0..0;
            let (file, by) = (file.to_string(), String::new());
            killers(&Mutant { name: String::new(), file, rule: "source", bytes, by, function: None }, &losses)
        };
        let leaf = of("src/losses/pointwise/mse.rs");
        assert!(leaf.iter().all(|killer| killer.loss() == "mse"), "{leaf:?}");
        assert!(leaf.contains(&Killer::Twin { loss: "mse".to_string() }));
        let plan = of("src/gpu/plan/gram.rs");
        assert!(plan.iter().all(|killer| killer.loss() == ALL), "{plan:?}");
        assert!(plan.iter().any(|killer| matches!(killer, Killer::Verify { .. })));
    }
}
