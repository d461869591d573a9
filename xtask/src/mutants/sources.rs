//! Plants faults in plans and twins, in copies of the project. One build has all faults that can be joined; each other fault costs
//! a build of its own.

use super::baseline::Baseline;
use super::joined::sources::PLANTED;
use super::joined::{Joined, numbered, numbers};
use super::killers::{ALL, KINDS, Killer, Programs, fate};
use super::listed::listed;
use super::results::Fate;
use super::rounds::{Copies, Planted, Rounds};
use super::rules::Mutant;
use super::{draw, losses, print, put, read, set_up};
use crate::args::{Install, Mutants};
use crate::run::{Stop, cargo, executables, output, root};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The default of `--count`.
const COUNT: usize = 150;

/// The folders with plans and twins.
const FOLDERS: &[&str] = &["src/cpu", "src/gpu/plan", "src/losses"];

/// The test binaries that need no GPU and know nothing of plans, then the others. `wgloss` is the unit tests of the library.
const OF_TWINS: &[&str] = &["twins", "accuracy"];
const OF_PLANS: &[&str] = &["wgloss", "faults", "gpu"];

/// The library's root file.
const LIBRARY: &str = "src/lib.rs";

/// Plants faults in plans and twins, or prints them.
pub fn sources(install: Install, options: &Mutants) -> Result<(), Stop> {
    let files = tracked()?;
    let texts = texts(&files);
    let mut all = listed(install, &texts)?;
    if let Some(file) = &options.file {
        all.retain(|mutant| mutant.file == *file);
    }
    let possible = all.len();
    let chosen = draw::uniform(all, options.seed, options.count.unwrap_or(COUNT));
    if options.list {
        print(&chosen, &texts, possible);
        return Ok(());
    }
    let end = options.end();
    let (folder, alone) = (root().join("target/mutants"), root().join("target/mutants/alone"));
    copied(&files, &alone)?;
    let joined = joined(&files, &texts, &chosen)?;
    set_up(install, &joined.programs.wgloss)?;
    let baseline = Baseline::read(&folder.join("baseline-sources.tsv"));
    let copies = Copies { folders: vec![alone.clone()], suffix: "", texts: texts.clone(), numbers: joined.numbers };
    let rounds = Rounds::new(&chosen, &texts, copies, options, end)?;
    let losses = losses()?;
    let judge = |planted: Planted<'_>, killers: &[Killer], passed: Fate| {
        let programs = match planted {
            Planted::Joined(number) => Programs { planted: Some(number), ..joined.programs.clone() },
            Planted::Alone(copy) => match built(copy) {
                Ok(programs) => programs,
                Err(_) => return Ok((Fate::Stillborn, "it does not compile".to_string())),
            },
        };
        let shaders = root().join("shaders");
        for killer in killers {
            let known = baseline.learn(killer, &joined.programs, &shaders)?;
            let limit = Duration::from_secs_f64(30.0 + 5.0 * known.seconds);
            if let Some(fate) = fate(killer, &known, &programs, (&shaders, limit))? {
                return Ok(fate);
            }
        }
        Ok((passed, String::new()))
    };
    rounds.round(|line| line.is_none(), |mutant, planted| judge(planted, &killers(mutant, &losses).0, Fate::Passed))?;
    rounds.round(
        |line| line.is_some_and(|line| line.fate == Fate::Passed),
        |mutant, planted| judge(planted, &killers(mutant, &losses).1, Fate::Survived),
    )?;
    if options.thorough {
        rounds.round(
            |line| line.is_some_and(|line| line.fate == Fate::Survived),
            |mutant, planted| judge(planted, &long(mutant, &losses), Fate::Survived),
        )?;
    }
    println!("{}", rounds.summary());
    Ok(())
}

/// The programs of the sources with all faults that can be joined, and the faults' numbers.
struct Build {
    programs: Programs,
    numbers: BTreeMap<String, usize>,
}

/// Joins the mutants in one copy of the project and builds it. A mutant that does not compile there is left out, to be planted
/// alone.
fn joined(files: &[String], texts: &BTreeMap<String, String>, chosen: &[Mutant]) -> Result<Build, Stop> {
    let copy = root().join("target/mutants/joined");
    let is_unchanged = |file: &&String| !texts.contains_key(*file) && *file != LIBRARY;
    copied(files.iter().filter(is_unchanged), &copy)?;
    put(&copy.join(LIBRARY), (read(&root().join(LIBRARY))? + PLANTED).as_bytes())?;
    let mut alone: BTreeSet<usize> = BTreeSet::new();
    loop {
        let planted: BTreeMap<&String, Joined> =
            texts.iter().map(|(file, text)| (file, Joined::of_source(text, &numbered(chosen, file, &alone)))).collect();
        planted.iter().try_for_each(|(file, joined)| put(&copy.join(file), joined.text.as_bytes()))?;
        let errors = errors(&copy)?;
        if errors.is_empty() {
            return Ok(Build { programs: built(&copy)?, numbers: numbers(planted.values(), chosen) });
        }
        let before = alone.len();
        alone.extend(errors.iter().filter_map(|(file, at)| planted.get(file)?.fault_at(*at)));
        if alone.len() == before {
            return Err(Stop::Failed(format!("the joined mutants do not compile: {errors:?}")));
        }
    }
}

/// The compiler's errors about the copy's library: file and byte.
fn errors(copy: &Path) -> Result<Vec<(String, usize)>, Stop> {
    let mut command = in_copy(copy, &["check", "-p", "wgloss"]);
    let output = command.output().map_err(|error| Stop::Failed(format!("cargo could not be run: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()?.message);
    let of_error = messages.filter(|message| message.level == "error").flat_map(|message| message.spans);
    let errors: Vec<_> =
        of_error.filter(|span| span.is_primary).map(|span| (span.file_name, span.byte_start)).collect();
    match errors.is_empty() && !output.status.success() {
        true => Err(Stop::Failed("cargo could not check the joined mutants".to_string())),
        false => Ok(errors),
    }
}

/// A line of cargo's messages.
#[derive(Deserialize)]
struct Message {
    message: Option<Diagnostic>,
}

/// A message of the compiler.
#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    spans: Vec<Place>,
}

/// A place that the compiler names.
#[derive(Deserialize)]
struct Place {
    file_name: String,
    byte_start: usize,
    is_primary: bool,
}

/// The quick killers of a mutant and the slow ones, each cheapest first. A mutant in a loss's own file is judged by that loss's
/// cases and calls.
fn killers(mutant: &Mutant, losses: &BTreeSet<String>) -> (Vec<Killer>, Vec<Killer>) {
    let loss = loss_of(mutant, losses);
    let verify = |(kind, dtype): &(&str, &str)| Killer::Verify {
        kind: kind.to_string(),
        dtype: dtype.to_string(),
        loss: loss.clone(),
    };
    let tests = |binary: &&str| Killer::Tests { binary: binary.to_string(), kind: "cpu".into(), loss: ALL.into() };
    let kernels: Vec<Killer> = KINDS.iter().map(verify).collect();
    let is_plan = mutant.file.starts_with("src/gpu");
    let mut quick: Vec<Killer> = if is_plan { Vec::new() } else { vec![Killer::Twin { loss: loss.clone() }] };
    let (soon, late) = if is_plan { OF_PLANS.split_at(1) } else { (OF_TWINS, OF_PLANS) };
    quick.extend(soon.iter().map(tests));
    quick.push(kernels[0].clone());
    let mut slow = kernels[1..].to_vec();
    slow.extend(late.iter().map(tests));
    (quick, slow)
}

/// The killers of a mutant that all others let live: the drawn calls, and the long tests too.
fn long(mutant: &Mutant, losses: &BTreeSet<String>) -> Vec<Killer> {
    let drawn = Killer::Drawn { kind: "cpu".into(), loss: loss_of(mutant, losses) };
    vec![drawn, Killer::Tests { binary: "gpu-all".into(), kind: "cpu".into(), loss: ALL.into() }]
}

/// The loss whose own file has the mutant, or all losses.
fn loss_of(mutant: &Mutant, losses: &BTreeSet<String>) -> String {
    let stem = Path::new(&mutant.file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if mutant.file.starts_with("src/losses") && losses.contains(&stem) { stem } else { ALL.to_string() }
}

/// The texts of plans and twins, by path.
fn texts(files: &[String]) -> BTreeMap<String, String> {
    let is_source = |file: &&String| FOLDERS.iter().any(|folder| Path::new(file).starts_with(folder));
    let text = |file: &String| Some((file.clone(), fs::read_to_string(root().join(file)).ok()?));
    files.iter().filter(is_source).filter_map(text).collect()
}

/// Copies files of the project.
fn copied<'a>(files: impl IntoIterator<Item = &'a String>, copy: &Path) -> Result<(), Stop> {
    files.into_iter().try_for_each(|file| {
        let from = root().join(file);
        let bytes = fs::read(&from).map_err(Stop::at(&from))?;
        put(&copy.join(file), &bytes)
    })
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

/// Builds the program `wgloss` and the tests of the copy. Both commands name both packages and build tests, so that they share their
/// dependencies.
fn built(copy: &Path) -> Result<Programs, Stop> {
    let both = ["-p", "wgloss", "-p", "wgloss-cli"];
    let of_folder = OF_TWINS.iter().chain(&OF_PLANS[1..]);
    let binaries: Vec<&str> = of_folder.flat_map(|binary| ["--test", binary]).collect();
    let mut tests =
        executables(&mut in_copy(copy, &[&["build"][..], &both, &["--bin", "wgloss"], &binaries].concat()))?;
    let unbuilt = |name: &str| Stop::Failed(format!("cargo built no `{name}`"));
    let wgloss = tests.remove("wgloss").ok_or(unbuilt("wgloss"))?;
    tests.extend(executables(&mut in_copy(copy, &[&["test", "--no-run", "--lib"][..], &both].concat()))?);
    tests.insert("gpu-all".to_string(), tests.get("gpu").cloned().ok_or(unbuilt("gpu"))?);
    Ok(Programs { wgloss, tests, planted: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_judged_by_its_loss_and_a_plan_by_all_losses() {
        let losses = BTreeSet::from(["mse".to_string()]);
        let of = |file: &str| {
            let bytes = 0..0;
            let (file, by) = (file.to_string(), String::new());
            killers(&Mutant { name: String::new(), file, rule: "source", bytes, by, function: None }, &losses)
        };
        let (leaf, _) = of("src/losses/pointwise/mse.rs");
        assert_eq!(leaf[0], Killer::Twin { loss: "mse".to_string() });
        assert!(leaf.iter().any(|killer| matches!(killer, Killer::Verify { loss, .. } if loss == "mse")), "{leaf:?}");
        let (plan, _) = of("src/gpu/plan/gram.rs");
        assert!(plan.iter().all(|killer| killer.loss() == ALL && !matches!(killer, Killer::Twin { .. })), "{plan:?}");
        assert!(plan.iter().any(|killer| matches!(killer, Killer::Verify { .. })));
    }
}
