//! The killers' runs without a fault, and the killers that may notice a mutant, which follow from the files of these runs.

use super::killers::{End, KINDS, Killer, Known, Programs, run};
use super::rules::Mutant;
use super::tokens::tokens;
use crate::run::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The runs of all killers without a fault. A file keeps them.
pub struct Baseline {
    path: PathBuf,
    pub known: BTreeMap<Killer, Known>,
}

impl Baseline {
    /// Reads the file.
    pub fn read(path: &Path) -> Baseline {
        let text = fs::read_to_string(path).unwrap_or_default();
        let set = |list: &str| list.split(',').filter(|item| !item.is_empty()).map(str::to_string).collect();
        let entry = |line: &str| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [killer, seconds, files, failed] = fields.as_slice() else { return None };
            let known = Known { seconds: seconds.parse().ok()?, files: set(files), failed: set(failed) };
            Some((Killer::read(killer)?, known))
        };
        Baseline { path: path.to_path_buf(), known: text.lines().filter_map(entry).collect() }
    }

    /// Runs a killer without a fault, unless the result is known.
    pub fn learn(&mut self, killer: &Killer, programs: &Programs, shaders: &Path) -> Result<Known, Stop> {
        if let Some(known) = self.known.get(killer) {
            return Ok(known.clone());
        }
        let used = self.path.with_extension("used");
        let _ = fs::remove_file(&used);
        let ran = run(killer, programs, shaders, Some(&used), (Duration::from_secs(600), None))?;
        if ran.end != End::Passed || (!matches!(killer, Killer::Tests { .. }) && !ran.failed.is_empty()) {
            return Err(Stop::Failed(format!(
                "{killer} does not pass without a fault: {:?}, {:?}",
                ran.end, ran.failed
            )));
        }
        let files = fs::read_to_string(&used).unwrap_or_default().lines().map(str::to_string).collect();
        let known = Known { seconds: ran.seconds, files, failed: ran.failed };
        self.known.insert(killer.clone(), known.clone());
        self.write()?;
        Ok(known)
    }

    fn write(&self) -> Result<(), Stop> {
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(",");
        let line = |(killer, known): (&Killer, &Known)| {
            format!("{killer}\t{:.2}\t{}\t{}\n", known.seconds, list(&known.files), list(&known.failed))
        };
        fs::write(&self.path, self.known.iter().map(line).collect::<String>())
            .map_err(|error| Stop::Failed(format!("{}: {error}", self.path.display())))
    }

    /// The `Verify` killers of a mutant, cheapest first, one of each kind of kernels in turn. Their kernels contain the
    /// mutant's file, and a file that calls its function if there is one.
    pub fn cases(&self, mutant: &Mutant, texts: &BTreeMap<String, String>) -> Vec<Killer> {
        let callers = callers(mutant, texts);
        let all: Vec<(&Killer, &Known)> =
            self.known.iter().filter(|(killer, _)| matches!(killer, Killer::Verify { .. })).collect();
        let holds = |known: &Known| known.files.contains(&mutant.file);
        let calls = |known: &Known| callers.is_empty() || known.files.iter().any(|file| callers.contains(file));
        let mut chosen: Vec<_> = all.iter().filter(|(_, known)| holds(known) && calls(known)).collect();
        if chosen.is_empty() {
            chosen = all.iter().filter(|(_, known)| holds(known)).collect();
        }
        chosen.sort_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds));
        let of_kind = |wanted: &(&str, &str)| {
            let is = |killer: &Killer| matches!(killer, Killer::Verify { kind, dtype, .. } if (kind.as_str(), dtype.as_str()) == *wanted);
            chosen.iter().filter(|(killer, _)| is(killer)).map(|(killer, _)| (*killer).clone()).collect::<Vec<_>>()
        };
        let mut kinds: Vec<_> = KINDS.iter().map(|kind| of_kind(kind).into_iter()).collect();
        let mut turns = Vec::new();
        while kinds.iter().any(|kind| kind.len() > 0) {
            turns.extend(kinds.iter_mut().filter_map(Iterator::next));
        }
        turns
    }
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
    fn callers_are_found_through_functions_of_the_mutants_file() {
        let texts = [("a", "fn f() { x + y }\nfn g() { f(); }"), ("b", "fn h() { g(); }"), ("c", "fn i() { j(); }")];
        let texts: BTreeMap<String, String> = texts.map(|(file, text)| (file.to_string(), text.to_string())).into();
        let mutant = &mutants("a", &texts["a"])[0];
        assert_eq!(callers(mutant, &texts), BTreeSet::from(["b".to_string()]));
    }
}
