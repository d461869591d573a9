//! Plants faults in shaders. All of them share one build, because with the feature `mutable-shaders` the library reads
//! its shaders at run time.

use super::baseline::Baseline;
use super::joined::shaders::Effects;
use super::joined::{Joined, numbered, numbers};
use super::killers::{KINDS, Killer, Known, Programs, fate};
use super::results::{Fate, table};
use super::rounds::{Copies, Planted, Rounds, cores, on_threads};
use super::rules::{Mutant, mutants};
use super::{draw, files_below, lists, losses, print, put, read, set_up};
use crate::args::{Install, Mutants};
use crate::run::{Stop, cargo, executables, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The number of losses whose cases run on a mutant with the first kind of kernels, and with each other kind. A mutant
/// that survives these nearly always survives the others.
const LOSSES: [usize; 2] = [4, 2];

/// The number of losses whose tests run on a mutant that survives the cases.
const TESTED: usize = 1;

/// The number of losses whose drawn calls may run on a mutant that survives the cases, and the most calls that run with
/// each kind of kernels.
const DRAWN: usize = 4;
const CALLS: usize = 40;

/// The factor by which `--thorough` runs more losses and calls.
const THOROUGH: usize = 4;

/// A loss of each family, or two where a family has two walks. Their drawn calls and tests run on a mutant that no case reaches.
const REPRESENTATIVES: &[&str] = &[
    "cross_entropy",
    "dice",
    "dice_cross_entropy",
    "sup_con",
    "linear_cross_entropy",
    "triplet_margin",
    "mse",
    "nll",
    "distillation",
    "box_iou",
    "triplet_hard",
    "linear_dpo",
    "linear_distillation",
    "gram_style",
    "total_variation",
    "ssim",
    "ms_ssim",
    "ctc",
];

/// The default of `--count`.
const COUNT: usize = 300;

/// Plants faults in the shaders, or prints them.
pub fn shaders(install: Install, options: &Mutants) -> Result<(), Stop> {
    let texts = texts()?;
    let mut all: Vec<Mutant> = texts.iter().flat_map(|(file, text)| mutants(file, text)).collect();
    let mut chosen = fixed(&texts)?;
    if let Some(file) = &options.file {
        all.retain(|mutant| mutant.file == *file);
        chosen.retain(|mutant| mutant.file == *file);
    }
    let possible = all.len();
    chosen.extend(draw::draw(all, options.seed, options.count.unwrap_or(COUNT)));
    if options.list {
        print(&chosen, &texts, possible);
        return Ok(());
    }
    let end = options.end();
    let programs = build()?;
    set_up(install, &programs.wgloss)?;
    // whether a mutant can be joined shows only when a kernel with it is compiled
    let mut alone = BTreeSet::new();
    loop {
        let joined = joined(&texts, &chosen, &alone);
        match judge(&chosen, &texts, &programs, &joined, (options, end)) {
            Err(Stop::Failed(message)) => match refused(&joined, &message) {
                Some(number) => alone.insert(number),
                None => return Err(Stop::Failed(message)),
            },
            other => return other,
        };
    }
}

/// The shaders with all mutants that can be joined, but for those to be planted alone.
fn joined(texts: &BTreeMap<String, String>, chosen: &[Mutant], alone: &BTreeSet<usize>) -> BTreeMap<String, Joined> {
    let effects = Effects::of(texts);
    let join = |(file, text): (&String, &String)| {
        (file.clone(), Joined::of_shader(file, text, &numbered(chosen, file, alone), &effects))
    };
    texts.iter().map(join).collect()
}

/// The number of the joined mutant that a compiler refused, if its message is about one.
fn refused(joined: &BTreeMap<String, Joined>, message: &str) -> Option<usize> {
    let in_file = |(file, joined): (&String, &Joined)| {
        let (_, after) = message.split_once(&format!("in shaders/{file}.wgsl, line "))?;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        joined.fault_in_line(digits.parse().ok()?)
    };
    joined.iter().find_map(in_file)
}

/// Judges the mutants, until `end`.
fn judge(
    chosen: &[Mutant],
    texts: &BTreeMap<String, String>,
    programs: &Programs,
    joined: &BTreeMap<String, Joined>,
    (options, end): (&Mutants, Option<Instant>),
) -> Result<(), Stop> {
    let folder = root().join("target/mutants");
    // the runs without a fault, and those of joined mutants, read this one
    let shaders = folder.join("shaders");
    let texts_of_joined: BTreeMap<_, _> =
        joined.iter().map(|(file, joined)| (file.clone(), joined.text.clone())).collect();
    texts_of_joined.iter().try_for_each(|(file, text)| put(&shaders.join(format!("{file}.wgsl")), text.as_bytes()))?;
    let copies = Copies {
        folders: (0..cores()).map(|number| folder.join(format!("shaders-{number}"))).collect(),
        suffix: ".wgsl",
        texts: texts_of_joined,
        numbers: numbers(joined.values(), chosen),
    };
    println!("{} of {} mutants are joined", copies.numbers.len(), chosen.len());
    let rounds = Rounds::new(chosen, texts, copies, options, end)?;
    let baseline = Baseline::read(&folder.join("baseline.tsv"));
    let losses: Vec<String> = losses()?.into_iter().collect();
    on_threads(cores(), &losses, |_, loss| baseline.learn(&verify(KINDS[0], loss), programs, &shaders).map(|_| ()))?;
    // the cases and the drawn calls are quick, so they run on all mutants before the tests run on any
    let again = options.thorough;
    let judge = Judge { texts, baseline: &baseline, programs, shaders: &shaders, thorough: again };
    rounds.round(
        |line| line.is_none_or(|line| again && line.fate == Fate::Survived),
        |mutant, planted| judge.of(mutant, planted).cases(),
    )?;
    rounds.round(
        |line| {
            line.is_some_and(|line| line.fate == Fate::Passed || (line.fate == Fate::Unreached && line.by.is_empty()))
        },
        |mutant, planted| judge.of(mutant, planted).tests(),
    )?;
    println!("{}", rounds.summary());
    Ok(())
}

/// The killer that runs a loss's cases.
fn verify((kind, dtype): (&str, &str), loss: &str) -> Killer {
    Killer::Verify { kind: kind.to_string(), dtype: dtype.to_string(), loss: loss.to_string() }
}

/// Judges mutants of shaders.
#[derive(Clone, Copy)]
struct Judge<'a> {
    texts: &'a BTreeMap<String, String>,
    baseline: &'a Baseline,
    /// The programs and the shaders without a fault.
    programs: &'a Programs,
    shaders: &'a Path,
    thorough: bool,
}

impl<'a> Judge<'a> {
    fn of(self, mutant: &'a Mutant, planted: Planted<'_>) -> Judging<'a> {
        let planted = match planted {
            Planted::Joined(number) => {
                (Programs { planted: Some(number), ..self.programs.clone() }, self.shaders.to_path_buf())
            }
            Planted::Alone(folder) => (self.programs.clone(), folder.to_path_buf()),
        };
        Judging { judge: self, mutant, planted }
    }
}

/// A mutant that is judged.
struct Judging<'a> {
    judge: Judge<'a>,
    mutant: &'a Mutant,
    /// The programs and the shaders with the mutant.
    planted: (Programs, PathBuf),
}

impl Judging<'_> {
    fn learn(&self, killer: &Killer) -> Result<Known, Stop> {
        self.judge.baseline.learn(killer, self.judge.programs, self.judge.shaders)
    }

    fn fate(&self, killer: &Killer, known: &Known, limit: f64) -> Result<Option<(Fate, String)>, Stop> {
        fate(killer, known, &self.planted.0, (&self.planted.1, Duration::from_secs_f64(limit)))
    }

    /// Runs the cases that may kill the mutant, cheapest first, then the drawn calls, until one kills it.
    fn cases(&self) -> Result<(Fate, String), Stop> {
        let times = if self.judge.thorough { THOROUGH } else { 1 };
        let losses = concerned(self.judge.baseline.losses(self.mutant, self.judge.texts, KINDS[0]));
        let mut reached = false;
        for (number, kind) in KINDS.iter().enumerate() {
            for loss in losses.iter().take(times * LOSSES[number.min(1)]) {
                let killer = verify(*kind, loss);
                let known = self.learn(&killer)?;
                if !known.files.contains_key(&self.mutant.file) {
                    continue;
                }
                reached = true;
                if let Some(fate) = self.fate(&killer, &known, 60.0 + 10.0 * known.seconds)? {
                    return Ok(fate);
                }
            }
        }
        for kind in ["cpu", "gpu"] {
            let most = times * DRAWN.max(if reached { 0 } else { losses.len() });
            let (calls, seconds) = self.calls(kind, losses.iter().take(most))?;
            if calls.is_empty() {
                continue;
            }
            reached = true;
            let killer = Killer::Calls { kind: kind.to_string(), calls };
            if let Some(fate) = self.fate(&killer, &Known::default(), 60.0 + 10.0 * seconds)? {
                return Ok(fate);
            }
        }
        Ok((if reached { Fate::Passed } else { Fate::Unreached }, String::new()))
    }

    /// The drawn calls of these losses that use the mutant's file, and the most seconds that those of a loss take.
    fn calls<'a>(&self, kind: &str, losses: impl Iterator<Item = &'a String>) -> Result<(Vec<String>, f64), Stop> {
        let (mut of_losses, mut seconds) = (Vec::new(), 0.0f64);
        for loss in losses {
            let known = self.learn(&Killer::Drawn { kind: kind.to_string(), loss: loss.clone() })?;
            seconds = seconds.max(known.seconds);
            of_losses.push(known.files.get(&self.mutant.file).into_iter().flatten().cloned().collect::<Vec<_>>());
            // each further loss would first have to run without a fault
            if !self.judge.thorough && of_losses.len() > 1 && of_losses.iter().map(Vec::len).sum::<usize>() >= CALLS {
                break;
            }
        }
        let mut calls = draw::in_turns(of_losses);
        calls.truncate(if self.judge.thorough { THOROUGH * CALLS } else { CALLS });
        Ok((calls, seconds))
    }

    /// Runs the tests on a mutant that survived the cases, until one kills it.
    fn tests(&self) -> Result<(Fate, String), Stop> {
        let losses = self.judge.baseline.losses(self.mutant, self.judge.texts, KINDS[0]);
        let is_in_cases = !losses.is_empty();
        let losses = concerned(losses);
        let most = if self.judge.thorough { THOROUGH * TESTED } else { TESTED };
        let most = if is_in_cases { most } else { losses.len() };
        let mut reached = false;
        // the long tests run only with `--thorough`, or if no case reaches the mutant
        let is_run = |binary: &&String| self.judge.thorough || !is_in_cases || *binary != "gpu-all";
        for binary in self.judge.programs.tests.keys().filter(is_run) {
            for loss in losses.iter().take(most) {
                let killer = Killer::Tests { binary: binary.clone(), kind: "cpu".to_string(), loss: loss.clone() };
                let known = self.learn(&killer)?;
                if !known.files.contains_key(&self.mutant.file) || (reached && !is_in_cases) {
                    continue;
                }
                reached = true;
                if let Some(fate) = self.fate(&killer, &known, 60.0 + 5.0 * known.seconds)? {
                    return Ok(fate);
                }
            }
        }
        // an empty `by` would make the next run try it again
        let unreached = (Fate::Unreached, "no test reaches it".to_string());
        Ok(if reached { (Fate::Survived, String::new()) } else { unreached })
    }
}

/// The losses that a mutant concerns, or the representatives if no case reaches it.
fn concerned(losses: Vec<String>) -> Vec<String> {
    if losses.is_empty() { REPRESENTATIVES.iter().map(|loss| loss.to_string()).collect() } else { losses }
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
/// overwrite the originals. One command builds all, so that they share their dependencies.
fn build() -> Result<Programs, Stop> {
    let packages = ["build", "-p", "wgloss", "-p", "wgloss-cli", "--bin", "wgloss"];
    let tests = ["--test", "accuracy", "--test", "faults", "--test", "gpu"];
    let feature = ["--features", "wgloss/mutable-shaders", "--message-format", "json"];
    let built = executables(&mut cargo(&[&packages[..], &tests, &feature].concat()))?;
    let kept = |name: &str| {
        let from = built.get(name).ok_or(Stop::Failed(format!("cargo built no `{name}`")))?;
        let to = root().join("target/mutants").join(name);
        fs::copy(from, &to).map_err(Stop::at(&to))?;
        Ok::<PathBuf, Stop>(to)
    };
    let test = |name: &str| Ok::<_, Stop>((name.to_string(), kept(name)?));
    let mut tests: BTreeMap<_, _> = ["accuracy", "faults", "gpu"].into_iter().map(test).collect::<Result<_, _>>()?;
    tests.insert("gpu-all".to_string(), tests["gpu"].clone());
    Ok(Programs { wgloss: kept("wgloss")?, tests, planted: None })
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
