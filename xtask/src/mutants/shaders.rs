//! Plants faults in shaders. All of them share one build, because with the feature `mutable-shaders` the library reads
//! its shaders at run time.

use super::baseline::Baseline;
use super::killers::{KINDS, Killer, Programs, fate};
use super::results::{Fate, table};
use super::rounds::Rounds;
use super::rules::{Mutant, mutants};
use super::{draw, executables, files_below, lists, losses, print, read, written};
use crate::args::Mutants;
use crate::run::{Stop, cargo, root};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most `Verify` killers that run on a mutant, and the most seconds that these take without a fault. A mutant that
/// survives these nearly always survives the others. `--thorough` has no such bounds.
const RUNS: usize = 8;
const SECONDS: f64 = 15.0;

/// The number of losses whose tests run on a mutant that survives the cases.
const LOSSES: usize = 1;

/// The number of losses whose drawn calls run on a mutant that survives the cases.
const DRAWN: usize = 2;

/// A loss of each family. Their drawn calls and tests run on a mutant that no case reaches.
const REPRESENTATIVES: &[&str] = &["cross_entropy", "dice", "sup_con", "triplet_margin", "mse"];

/// The default of `--count`.
const COUNT: usize = 300;

/// Plants faults in the shaders, or prints them.
pub fn shaders(options: &Mutants) -> Result<(), Stop> {
    let texts = texts()?;
    let mut all: Vec<Mutant> = texts.iter().flat_map(|(file, text)| mutants(file, text)).collect();
    let mut chosen = fixed(&texts)?;
    if let Some(file) = &options.file {
        all.retain(|mutant| mutant.file == *file);
        chosen.retain(|mutant| mutant.file == *file);
    }
    let planned = all.len();
    chosen.extend(draw::draw(all, options.seed, options.count.unwrap_or(COUNT)));
    if options.list {
        print(&chosen, &texts, planned);
        return Ok(());
    }
    let (folder, plain) = (root().join("target/mutants"), root().join("shaders"));
    let programs = build()?;
    let mut baseline = Baseline::read(&folder.join("baseline.tsv"));
    for (kind, dtype) in KINDS {
        for loss in losses()? {
            let (kind, dtype) = ((*kind).to_string(), (*dtype).to_string());
            baseline.learn(&Killer::Verify { kind, dtype, loss }, &programs, &plain)?;
        }
    }
    let mut rounds = Rounds::new(&chosen, &texts, &folder.join("shaders"), ".wgsl", options)?;
    // the cases and the drawn calls are quick, so they run on all mutants before the tests run on any
    let again = options.thorough;
    rounds.round(
        |line| line.is_none_or(|line| again && line.fate == Fate::Survived),
        |mutant, planted| cases(mutant, &texts, &mut baseline, &programs, (&plain, planted), again),
    )?;
    rounds.round(
        |line| {
            line.is_some_and(|line| line.fate == Fate::Passed || (line.fate == Fate::Unreached && line.by.is_empty()))
        },
        |mutant, planted| tests(mutant, &texts, &mut baseline, &programs, (&plain, planted), again),
    )?;
    println!("{}", rounds.summary());
    Ok(())
}

/// Runs the cases that may kill a mutant, cheapest first, then the drawn calls, until one kills it.
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
        if let Some(fate) = fate(killer, &known, programs, (planted, limit))? {
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
        if let Some(fate) = fate(&killer, &known, programs, (planted, limit))? {
            return Ok(fate);
        }
    }
    Ok((if reached { Fate::Passed } else { Fate::Unreached }, String::new()))
}

/// At most `most` losses of these cases, each with a kind of kernels: "cpu", or "gpu" if only GPU kernels contain the
/// mutant's file. Without cases, a loss of each family.
fn losses_of(cases: &[Killer], most: usize) -> Vec<(String, String)> {
    if cases.is_empty() {
        // any of them may reach the file, so `most` does not apply
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

/// Runs the tests on a mutant that survived the cases, until one kills it.
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
    // the long tests run only with `--thorough`, or if no case reaches the mutant
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
            if let Some(fate) = fate(&killer, &known, programs, (planted, limit))? {
                return Ok(fate);
            }
        }
    }
    // an empty `by` would make the next run try it again
    Ok(if reached { (Fate::Survived, String::new()) } else { (Fate::Unreached, "no test reaches it".to_string()) })
}

/// The faults of `fixed.tsv`, which are planted in every run.
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
                "fixed.tsv: `{from}` is not exactly once in {file}: update the fault to the file's new text"
            )));
        };
        Ok(Mutant {
            name: format!("{file}:fixed:{name}"),
            file: (*file).to_string(),
            rule: "fixed",
            bytes: start..start + from.len(),
            by: (*to).to_string(),
            function: None,
        })
    };
    table(&list).map(of).collect()
}

/// Builds the program and the test binaries with the feature, and copies them. A build without the feature would
/// overwrite the originals.
fn build() -> Result<Programs, Stop> {
    let feature = ["--features", "wgloss/mutable-shaders", "--message-format", "json"];
    let program = ["build", "-p", "wgloss-cli", "-p", "wgloss"];
    let tests = ["test", "-p", "wgloss", "--no-run", "--test", "accuracy", "--test", "faults", "--test", "gpu"];
    let mut built = executables(&mut cargo(&[program.as_slice(), feature.as_slice()].concat()))?;
    built.extend(executables(&mut cargo(&[tests.as_slice(), feature.as_slice()].concat()))?);
    let kept = |name: &str| {
        let from = built.get(name).ok_or(Stop::Failed(format!("cargo built no `{name}`")))?;
        let to = root().join("target/mutants").join(name);
        written(fs::copy(from, &to).map(drop), &to)?;
        Ok::<PathBuf, Stop>(to)
    };
    let test = |name: &str| Ok::<_, Stop>((name.to_string(), kept(name)?));
    let mut tests: BTreeMap<_, _> = ["accuracy", "faults", "gpu"].into_iter().map(test).collect::<Result<_, _>>()?;
    tests.insert("gpu-all".to_string(), tests["gpu"].clone());
    Ok(Programs { wgloss: kept("wgloss")?, tests })
}

/// The texts of all shaders, by path.
fn texts() -> Result<BTreeMap<String, String>, Stop> {
    let folder = root().join("shaders");
    let text = |path: PathBuf| {
        let file = path.strip_prefix(&folder).unwrap_or(&path).with_extension("");
        Ok((file.to_string_lossy().replace('\\', "/"), read(&path)?))
    };
    files_below(&folder, "wgsl")?.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_fixed_fault_fits_the_shaders() {
        let texts = texts().expect("the shaders are there");
        assert!(fixed(&texts).expect("each stands once").len() >= 5);
    }

    #[test]
    fn mutants_have_unique_names_and_change_their_files() {
        let texts = texts().expect("the shaders are there");
        let all: Vec<Mutant> = texts.iter().flat_map(|(file, text)| mutants(file, text)).collect();
        let names: BTreeSet<&String> = all.iter().map(|mutant| &mutant.name).collect();
        assert_eq!(names.len(), all.len(), "two mutants have one name");
        assert!(all.len() > 300);
        for mutant in &all {
            assert_ne!(mutant.planted(&texts[&mutant.file]), texts[&mutant.file], "{}", mutant.name);
        }
    }

    #[test]
    fn every_equivalent_mutant_exists_and_has_a_reason() {
        let texts = texts().expect("the shaders are there");
        let names: BTreeSet<String> =
            texts.iter().flat_map(|(file, text)| mutants(file, text)).map(|mutant| mutant.name).collect();
        let list = read(&lists().join("equivalent.tsv")).expect("the list is there");
        // cargo-mutants names the mutants of sources, and may not be installed
        let of_shaders = |fields: &Vec<&str>| !fields[0].starts_with("src/");
        for fields in table(&list).filter(of_shaders) {
            let [name, reason] = fields.as_slice() else { panic!("{fields:?} is not a name and a reason") };
            assert!(names.contains(*name), "no rule makes {name} any more: update the list");
            assert!(reason.len() > 20, "{name}: {reason}");
        }
    }
}
