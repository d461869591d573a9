//! The killers' runs without a fault. The shader files that these runs use tell which losses a mutant concerns.

use super::killers::{End, Killer, Known, Programs, run};
use super::rules::Mutant;
use super::tokens::tokens;
use crate::run::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The runs of all killers without a fault. A file keeps them.
pub struct Baseline {
    path: PathBuf,
    known: Mutex<BTreeMap<Killer, Known>>,
    /// A lock for each killer that has been asked for, so that it runs once although several threads ask.
    running: Mutex<BTreeMap<Killer, Arc<Mutex<()>>>>,
}

impl Baseline {
    /// Reads the file.
    pub fn read(path: &Path) -> Baseline {
        let text = fs::read_to_string(path).unwrap_or_default();
        let set = |list: &str, by: char| list.split(by).filter(|item| !item.is_empty()).map(str::to_string).collect();
        let file = |item: String| match item.split_once('=') {
            Some((file, calls)) => (file.to_string(), set(calls, '+')),
            None => (item, BTreeSet::new()),
        };
        let entry = |line: &str| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [killer, seconds, files, failed] = fields.as_slice() else { return None };
            let files: BTreeSet<String> = set(files, ',');
            let files = files.into_iter().map(file).collect();
            let known = Known { seconds: seconds.parse().ok()?, files, failed: set(failed, ',') };
            Some((Killer::read(killer)?, known))
        };
        let known = Mutex::new(text.lines().filter_map(entry).collect());
        Baseline { path: path.to_path_buf(), known, running: Mutex::default() }
    }

    /// The runs that are known.
    fn known(&self) -> MutexGuard<'_, BTreeMap<Killer, Known>> {
        held(&self.known)
    }

    /// Runs a killer without a fault, unless the result is known.
    pub fn learn(&self, killer: &Killer, programs: &Programs, shaders: &Path) -> Result<Known, Stop> {
        let (own, number) = {
            let mut running = held(&self.running);
            let number = running.len();
            (running.entry(killer.clone()).or_default().clone(), number)
        };
        let _alone = held(&own);
        if let Some(known) = self.known().get(killer) {
            return Ok(known.clone());
        }
        let used = self.path.with_extension(format!("used-{number}"));
        let _ = fs::remove_file(&used);
        // the cases of all losses take longest, where no driver has cached their kernels
        let limit = Duration::from_secs(3600);
        let ran = run(killer, programs, shaders, Some(&used), (limit, None))?;
        if ran.end != End::Passed || (!matches!(killer, Killer::Tests { .. }) && !ran.failed.is_empty()) {
            let why = format!("{killer} does not pass without a fault: {:?}, {:?}", ran.end, ran.failed);
            return Err(Stop::Failed(why));
        }
        let known = Known {
            seconds: ran.seconds,
            files: files(&fs::read_to_string(&used).unwrap_or_default()),
            failed: ran.failed,
        };
        let _ = fs::remove_file(&used);
        let mut all = self.known();
        all.insert(killer.clone(), known.clone());
        self.write(&all)?;
        Ok(known)
    }

    fn write(&self, all: &BTreeMap<Killer, Known>) -> Result<(), Stop> {
        let list = |set: &BTreeSet<String>, by: &str| set.iter().cloned().collect::<Vec<_>>().join(by);
        let file = |(file, calls): (&String, &BTreeSet<String>)| match calls.is_empty() {
            true => file.clone(),
            false => format!("{file}={}", list(calls, "+")),
        };
        let line = |(killer, known): (&Killer, &Known)| {
            let files = known.files.iter().map(file).collect();
            format!("{killer}\t{:.2}\t{}\t{}\n", known.seconds, list(&files, ","), list(&known.failed, ","))
        };
        fs::write(&self.path, all.iter().map(line).collect::<String>()).map_err(Stop::at(&self.path))
    }

    /// The losses that a mutant concerns: those whose cases, with this kind of kernels, use the mutant's file. If other files
    /// call the mutant's function, only losses that also use one of these are returned, unless no loss does. Losses whose drawn
    /// calls have already run without a fault come before the others, whose calls would first have to run so. Within both
    /// groups, the cheaper losses come first.
    pub fn losses(&self, mutant: &Mutant, texts: &BTreeMap<String, String>, kind: (&str, &str)) -> Vec<String> {
        let callers = callers(mutant, texts);
        let of_kind = |(killer, known): (&'_ Killer, &'_ Known)| match killer {
            Killer::Verify { kind: of, dtype, loss } if (of.as_str(), dtype.as_str()) == kind => {
                known.files.contains_key(&mutant.file).then(|| (loss.clone(), known.clone()))
            }
            _ => None,
        };
        let all = self.known();
        let holding: Vec<(String, Known)> = all.iter().filter_map(of_kind).collect();
        let calls = |known: &Known| callers.is_empty() || known.files.keys().any(|file| callers.contains(file));
        let mut chosen: Vec<&(String, Known)> = holding.iter().filter(|(_, known)| calls(known)).collect();
        if chosen.is_empty() {
            chosen = holding.iter().collect();
        }
        let lacks_drawn_run = |loss: &str| {
            let drawn = Killer::Drawn { kind: kind.0.to_string(), loss: loss.to_string() };
            !all.contains_key(&drawn)
        };
        let order = |(loss, known): &(String, Known)| (lacks_drawn_run(loss), known.seconds);
        chosen.sort_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal));
        chosen.into_iter().map(|(loss, _)| loss.clone()).collect()
    }
}

/// Locks a mutex. A thread that panicked with it left whole entries.
pub fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files that a run used, each with the drawn calls that used it. A line has a thread's name and a file. In a run of
/// drawn calls, only a thread that runs a call has a colon in its name.
fn files(used: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (thread, file) in used.lines().filter_map(|line| line.split_once('\t')) {
        let calls = files.entry(file.to_string()).or_default();
        calls.extend(thread.contains(':').then(|| thread.to_string()));
    }
    files
}

/// The other files that call the mutant's function, directly or through functions of its own file.
fn callers(mutant: &Mutant, texts: &BTreeMap<String, String>) -> BTreeSet<String> {
    let Some(function) = &mutant.function else { return BTreeSet::new() };
    let mut names = BTreeSet::from([function.clone()]);
    let own = texts.get(&mutant.file).map(|text| calls(text)).unwrap_or_default();
    loop {
        let more: Vec<String> =
            own.iter().filter(|(_, called)| names.contains(called)).map(|(by, _)| by.clone()).collect();
        let before = names.len();
        names.extend(more);
        if names.len() == before {
            break;
        }
    }
    let others = texts.iter().filter(|(file, _)| **file != mutant.file);
    others
        .filter(|(_, text)| calls(text).iter().any(|(_, called)| names.contains(called)))
        .map(|(file, _)| file.clone())
        .collect()
}

/// The calls in a file, as pairs of the calling and the called function.
fn calls(text: &str) -> Vec<(String, String)> {
    let tokens = tokens(text);
    let (mut function, mut found) = (String::new(), Vec::new());
    for (place, token) in tokens.iter().enumerate() {
        let near = |offset: usize| tokens.get(place + offset).map_or("", |token| token.text);
        if token.text == "fn" {
            function = near(1).to_string();
        } else if token.is_word() && near(1) == "(" && (place == 0 || tokens[place - 1].text != "fn") {
            found.push((function.clone(), token.text.to_string()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::rules::mutants;

    #[test]
    fn files_are_kept_with_the_calls_that_use_them() {
        let used = "mse:3\tlib/math\n\tlib/math\nmse:7\tlib/math\nlabels::bad\tlib/label\nmain\tfold/cosine\n";
        let mut known = Known { seconds: 1.5, files: files(used), failed: BTreeSet::new() };
        let calls = |file: &str| known.files[file].iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!((calls("lib/math"), calls("fold/cosine")), ("mse:3 mse:7".to_string(), String::new()));
        known.files.remove("lib/label");
        let path = std::env::temp_dir().join(format!("wgloss-baseline-{}.tsv", std::process::id()));
        let killer = Killer::Drawn { kind: "cpu".to_string(), loss: "mse".to_string() };
        let all = BTreeMap::from([(killer.clone(), known.clone())]);
        Baseline::read(&path).write(&all).expect("the folder is there");
        let again = Baseline::read(&path);
        fs::remove_file(&path).expect("it was written");
        assert_eq!(again.known()[&killer].files, known.files);
    }

    #[test]
    fn callers_are_found_through_functions_of_the_mutants_file() {
        let texts = [("a", "fn f() { x + y }\nfn g() { f(); }"), ("b", "fn h() { g(); }"), ("c", "fn i() { j(); }")];
        let texts: BTreeMap<String, String> = texts.map(|(file, text)| (file.to_string(), text.to_string())).into();
        let mutant = &mutants("a", &texts["a"])[0];
        assert_eq!(callers(mutant, &texts), BTreeSet::from(["b".to_string()]));
    }
}
