//! `cargo xtask mutants`: plants one-line faults in the shaders, one at a time, and sees which of them no check notices.

mod draw;
mod killers;
mod results;
mod rules;
mod tokens;

use crate::adapter::set_up;
use crate::args::{Install, Mutants};
use crate::run::{Stop, cargo, output, root};
use killers::{Baseline, End, KINDS, Killer, Known, Programs, run};
use results::{Fate, Line, Results, table};
use rules::Mutant;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The most cases' runs that a mutant gets, and the seconds that they take without a fault: what passes these passes all but
/// always. `--thorough` has no such bounds.
const RUNS: usize = 8;
const SECONDS: f64 = 15.0;

/// The losses whose tests a mutant that the cases let pass has to pass too.
const LOSSES: usize = 1;

/// The losses whose drawn calls a mutant that the cases let pass gets.
const DRAWN: usize = 2;

/// A loss of each family: the tests that run on what the cases of no loss reach.
const REPRESENTATIVES: &[&str] = &["cross_entropy", "dice", "sup_con", "triplet_margin", "mse"];

/// Runs the mutants that are asked for.
pub fn mutants(install: Install, asked: &Mutants) -> Result<(), Stop> {
    let texts = shaders()?;
    let mut all: Vec<Mutant> = texts.iter().flat_map(|(file, text)| rules::mutants(file, text)).collect();
    let equivalent: BTreeMap<String, String> = table(&read(&lists().join("equivalent.tsv"))?)
        .filter_map(|fields| Some((fields.first()?.to_string(), fields.get(1)?.to_string())))
        .collect();
    let mut chosen = fixed(&texts)?;
    if let Some(file) = &asked.file {
        all.retain(|mutant| mutant.file == *file);
        chosen.retain(|mutant| mutant.file == *file);
    }
    let planned = all.len();
    chosen.extend(draw::draw(all, asked.seed, asked.count));
    if asked.list {
        chosen.iter().for_each(|mutant| println!("{}\n    {}", mutant.name, mutant.shown(&texts[&mutant.file])));
        println!("{} mutants of {planned}", chosen.len());
        return Ok(());
    }
    set_up(install, "dev")?;
    let folder = root().join("target/mutants");
    let plain = root().join("shaders");
    written(fs::create_dir_all(&folder), &folder)?;
    let programs = build()?;
    let mut baseline = Baseline::read(&folder.join("baseline.tsv"));
    for (kind, dtype) in KINDS {
        for loss in losses()? {
            let (kind, dtype) = ((*kind).to_string(), (*dtype).to_string());
            baseline.learn(&Killer::Verify { kind, dtype, loss }, &programs, &plain)?;
        }
    }
    let path = asked.results.clone().map_or_else(|| folder.join("results.tsv"), |path| root().join(path));
    let mut results = Results::read(&path);
    let names: Vec<String> = chosen.iter().map(|mutant| mutant.name.clone()).collect();
    let copy = Copy::new(&folder.join("shaders"), &texts)?;
    let (start, limit) = (Instant::now(), asked.minutes.map(|minutes| Duration::from_secs(60 * minutes)));
    // all mutants get the cases and the drawn calls, which are quick, before any gets the tests
    let stages: [(bool, Stage); 2] = [(true, cases), (false, tests)];
    'stages: for (first, stage) in stages {
        for (number, mutant) in chosen.iter().enumerate() {
            let known = results.lines.get(&mutant.name).map(|line| line.fate);
            if known.is_some() && equivalent.contains_key(&mutant.name) {
                continue;
            }
            let again = asked.thorough && known == Some(Fate::Survived);
            let tried = results.lines.get(&mutant.name).is_some_and(|line| !line.by.is_empty());
            let open = match known {
                None => first,
                Some(Fate::Survived) => first && again,
                Some(Fate::Passed) => !first,
                Some(Fate::Unreached) => !first && !tried,
                Some(_) => false,
            };
            if !open {
                continue;
            }
            if limit.is_some_and(|limit| start.elapsed() > limit) {
                println!("the time is over; the same command goes on from here");
                break 'stages;
            }
            let text = &texts[&mutant.file];
            let began = Instant::now();
            copy.write(&mutant.file, &mutant.planted(text))?;
            let judged = stage(mutant, &texts, &mut baseline, &programs, (&plain, &copy.folder), asked.thorough);
            copy.write(&mutant.file, text)?;
            let (fate, by) = judged?;
            let line = Line { fate, by, seconds: began.elapsed().as_secs_f64(), shown: mutant.shown(text) };
            println!("[{}/{}] {} {fate:?} {} ({:.1} s)", number + 1, chosen.len(), mutant.name, line.by, line.seconds);
            results.add(mutant, line)?;
        }
    }
    println!("{}", results.summary(&names, &equivalent));
    Ok(())
}

/// A stage: what came of a mutant, and by what.
type Stage = fn(
    &Mutant,
    &BTreeMap<String, String>,
    &mut Baseline,
    &Programs,
    (&Path, &Path),
    bool,
) -> Result<(Fate, String), Stop>;

/// Runs the cases that may kill a mutant, the cheapest first, and then the calls that are drawn, until one does.
fn cases(
    mutant: &Mutant,
    texts: &BTreeMap<String, String>,
    baseline: &mut Baseline,
    programs: &Programs,
    (plain, planted): (&Path, &Path),
    thorough: bool,
) -> Result<(Fate, String), Stop> {
    let cases = baseline.cases(mutant, texts);
    let mut seconds = 0.0;
    for (number, killer) in cases.iter().enumerate() {
        let known = baseline.learn(killer, programs, plain)?;
        if !thorough && number > 0 && (number >= RUNS || seconds + known.seconds > SECONDS) {
            break;
        }
        seconds += known.seconds;
        let limit = Duration::from_secs_f64(30.0 + 10.0 * known.seconds);
        if let Some(fate) = fate(killer, &known, programs, (planted, limit), Fate::Verify)? {
            return Ok(fate);
        }
    }
    let mut reached = !cases.is_empty();
    for (loss, kind) in losses_of(&cases, if thorough { 2 * DRAWN } else { DRAWN }) {
        let killer = Killer::Drawn { kind, loss };
        let known = baseline.learn(&killer, programs, plain)?;
        if !known.files.contains(&mutant.file) {
            continue;
        }
        reached = true;
        let limit = Duration::from_secs_f64(30.0 + 10.0 * known.seconds);
        if let Some(fate) = fate(&killer, &known, programs, (planted, limit), Fate::Verify)? {
            return Ok(fate);
        }
    }
    Ok((if reached { Fate::Passed } else { Fate::Unreached }, String::new()))
}

/// Losses of these cases with a kind of kernels, as many as there may be: as the adapter has the kernels, and as a GPU has them
/// where only those hold the file. Where there are no cases, a loss of each family.
fn losses_of(cases: &[Killer], most: usize) -> Vec<(String, String)> {
    if cases.is_empty() {
        // which of them reaches the file is not known, so that the bound does not apply
        return REPRESENTATIVES.iter().map(|loss| (loss.to_string(), "cpu".to_string())).collect();
    }
    let mut losses: Vec<(String, String)> = Vec::new();
    for kind in ["cpu", "gpu"] {
        let of_kind = cases.iter().filter(|killer| matches!(killer, Killer::Verify { kind: of, .. } if of == kind));
        for killer in of_kind {
            if losses.iter().all(|(loss, _)| loss != killer.loss()) {
                losses.push((killer.loss().to_string(), kind.to_string()));
            }
        }
    }
    losses.truncate(most);
    losses
}

/// Runs the tests that may kill a mutant which the cases let pass, until one does.
fn tests(
    mutant: &Mutant,
    texts: &BTreeMap<String, String>,
    baseline: &mut Baseline,
    programs: &Programs,
    (plain, planted): (&Path, &Path),
    thorough: bool,
) -> Result<(Fate, String), Stop> {
    let cases = baseline.cases(mutant, texts);
    let losses = losses_of(&cases, if thorough { 4 * LOSSES } else { LOSSES });
    let mut reached = false;
    // what takes long runs where asked for, and where nothing else reaches the mutant
    for binary in programs.tests.keys().filter(|binary| thorough || cases.is_empty() || *binary != "gpu-all") {
        for (loss, kind) in &losses {
            let (binary, kind, loss) = (binary.clone(), kind.clone(), loss.clone());
            let killer = Killer::Tests { binary, kind, loss };
            let known = baseline.learn(&killer, programs, plain)?;
            if !known.files.contains(&mutant.file) || (reached && cases.is_empty()) {
                continue;
            }
            reached = true;
            let limit = Duration::from_secs_f64(60.0 + 5.0 * known.seconds);
            if let Some(fate) = fate(&killer, &known, programs, (planted, limit), Fate::Tests)? {
                return Ok(fate);
            }
        }
    }
    // without a word it would be tried again
    Ok(if reached { (Fate::Survived, String::new()) } else { (Fate::Unreached, "no test reaches it".to_string()) })
}

/// Runs a killer on the planted shaders. The fate of the mutant, and by what: `killed` where something failed, none where it
/// passed.
fn fate(
    killer: &Killer,
    known: &Known,
    programs: &Programs,
    (planted, limit): (&Path, Duration),
    killed: Fate,
) -> Result<Option<(Fate, String)>, Stop> {
    Ok(match run(killer, programs, planted, None, (limit, Some(&known.failed)))?.end {
        End::Passed => None,
        End::Stillborn => Some((Fate::Stillborn, killer.to_string())),
        End::Failed(what) => Some((killed, format!("{killer}: {what}"))),
        End::TimedOut => Some((killed, format!("{killer}: time-out"))),
    })
}

/// The faults that are planted in every run.
fn fixed(texts: &BTreeMap<String, String>) -> Result<Vec<Mutant>, Stop> {
    let list = read(&lists().join("fixed.tsv"))?;
    let of = |fields: Vec<&str>| {
        let [file, name, from, to] = fields.as_slice() else {
            return Err(Stop::Failed(format!("fixed.tsv: a line of four fields reads {fields:?}")));
        };
        let text = texts.get(*file).map_or("", String::as_str);
        let mut places = text.match_indices(from);
        let (Some((start, _)), None) = (places.next(), places.next()) else {
            return Err(Stop::Failed(format!(
                "fixed.tsv: `{from}` does not stand once in {file}: plant the fault at today's form"
            )));
        };
        Ok(Mutant {
            name: format!("{file}:fixed:{name}"),
            file: (*file).to_string(),
            rule: "fixed",
            place: start..start + from.len(),
            by: (*to).to_string(),
            function: None,
        })
    };
    table(&list).map(of).collect()
}

/// Builds the program and the test binaries with the feature. Copies of them run: a build without it would take their places.
fn build() -> Result<Programs, Stop> {
    let feature = ["--features", "wgloss/mutable-shaders", "--message-format", "json"];
    let program = ["build", "-p", "wgloss-cli", "-p", "wgloss"];
    let tests = ["test", "-p", "wgloss", "--no-run", "--test", "gpu", "--test", "accuracy"];
    let mut built = executables(&[program.as_slice(), feature.as_slice()].concat())?;
    built.extend(executables(&[tests.as_slice(), feature.as_slice()].concat())?);
    let kept = |name: &str| {
        let from = built.get(name).ok_or(Stop::Failed(format!("cargo built no `{name}`")))?;
        let to = root().join("target/mutants").join(name);
        written(fs::copy(from, &to).map(drop), &to)?;
        Ok::<PathBuf, Stop>(to)
    };
    let test = |name: &str| Ok::<_, Stop>((name.to_string(), kept(name)?));
    let mut tests: BTreeMap<_, _> = ["accuracy", "gpu"].into_iter().map(test).collect::<Result<_, _>>()?;
    tests.insert("gpu-all".to_string(), tests["gpu"].clone());
    Ok(Programs { wgloss: kept("wgloss")?, tests })
}

/// The executables that a command of cargo's builds, by name.
fn executables(args: &[&str]) -> Result<BTreeMap<String, PathBuf>, Stop> {
    let messages = output(&mut cargo(args))?;
    let executable = |line: &str| {
        let path = PathBuf::from(line.split_once("\"executable\":\"")?.1.split('"').next()?);
        let name = path.file_stem()?.to_string_lossy().into_owned();
        let name = name.split('-').next().unwrap_or(&name).to_string();
        Some((name, path))
    };
    Ok(messages.lines().filter_map(executable).collect())
}

/// A copy of the shaders, in which faults are planted.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn new(folder: &Path, texts: &BTreeMap<String, String>) -> Result<Copy, Stop> {
        let copy = Copy { folder: folder.to_path_buf() };
        texts.iter().try_for_each(|(file, text)| copy.write(file, text))?;
        Ok(copy)
    }

    fn write(&self, file: &str, text: &str) -> Result<(), Stop> {
        let path = self.folder.join(file).with_extension("wgsl");
        written(path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)), &path)
    }
}

/// The ids of all losses, as their cases are named.
fn losses() -> Result<BTreeSet<String>, Stop> {
    let files = files_below(&root().join("cases/v1"), "json")?;
    Ok(files.iter().filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect())
}

/// The shaders by their paths.
fn shaders() -> Result<BTreeMap<String, String>, Stop> {
    let folder = root().join("shaders");
    let text = |path: PathBuf| {
        let file = path.strip_prefix(&folder).unwrap_or(&path).with_extension("");
        Ok((file.to_string_lossy().replace('\\', "/"), read(&path)?))
    };
    files_below(&folder, "wgsl")?.into_iter().map(text).collect()
}

/// The files of an extension below a folder.
fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Stop> {
    let failed = |error: std::io::Error| Stop::Failed(format!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(files_below(&path, extension)?);
        } else if path.extension().is_some_and(|of| of == extension) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Where the lists lie.
fn lists() -> PathBuf {
    root().join("xtask/mutants")
}

fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))
}

fn written(result: std::io::Result<()>, path: &Path) -> Result<(), Stop> {
    result.map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixed_fault_still_has_its_place() {
        let texts = shaders().expect("the shaders are there");
        assert!(fixed(&texts).expect("each stands once").len() >= 5);
    }

    #[test]
    fn there_are_mutants_of_nearly_every_file_and_each_changes_it() {
        let texts = shaders().expect("the shaders are there");
        let all: Vec<Mutant> = texts.iter().flat_map(|(file, text)| rules::mutants(file, text)).collect();
        let names: BTreeSet<&String> = all.iter().map(|mutant| &mutant.name).collect();
        assert_eq!(names.len(), all.len(), "two mutants have one name");
        assert!(all.len() > 300);
        for mutant in &all {
            assert_ne!(mutant.planted(&texts[&mutant.file]), texts[&mutant.file], "{}", mutant.name);
        }
    }

    #[test]
    fn what_is_argued_equivalent_has_a_reason_and_still_stands() {
        let texts = shaders().expect("the shaders are there");
        let names: BTreeSet<String> =
            texts.iter().flat_map(|(file, text)| rules::mutants(file, text)).map(|mutant| mutant.name).collect();
        for fields in table(&read(&lists().join("equivalent.tsv")).expect("the list is there")) {
            let [name, reason] = fields.as_slice() else { panic!("{fields:?} is not a name and a reason") };
            assert!(names.contains(*name), "no rule makes {name} today: argue anew");
            assert!(reason.len() > 20, "{name}: {reason}");
        }
    }
}
