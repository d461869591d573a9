//! Rounds over mutants: plants each, judges it, restores the file and writes the result.

use super::results::{Fate, Line, Results, fingerprint, table};
use super::rules::Mutant;
use super::{lists, put, read};
use crate::args::Mutants;
use crate::run::{Stop, root};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// The file with the results of all runs, if the user names no other.
const RESULTS: &str = "xtask/mutants/results.tsv";

/// The copy of the files to plant mutants in.
pub struct CopiedFiles {
    pub folder: PathBuf,
    /// The suffix that turns a file's key in `texts` into its name in the folder.
    pub suffix: &'static str,
    /// The text of each file while no mutant is planted in it.
    pub texts: BTreeMap<String, String>,
    /// The numbers of the mutants that are joined: planted once for all, so that a number turns one on.
    pub numbers: BTreeMap<String, usize>,
}

impl CopiedFiles {
    fn write(&self, file: &str, text: &str) -> Result<(), Stop> {
        put(&self.folder.join(format!("{file}{}", self.suffix)), text.as_bytes())
    }
}

/// The mutants, their results, and the copy of the files to plant them in.
pub struct Rounds<'a> {
    chosen: &'a [Mutant],
    texts: &'a BTreeMap<String, String>,
    results: Results,
    /// The mutants that compute what the original computes, with the reasons.
    equivalent: BTreeMap<String, String>,
    copy: CopiedFiles,
    end: Option<Instant>,
}

impl<'a> Rounds<'a> {
    /// Writes the copy of the files, and reads the results of earlier runs. The rounds stop at `end`.
    pub fn new(
        chosen: &'a [Mutant],
        texts: &'a BTreeMap<String, String>,
        copy: CopiedFiles,
        options: &Mutants,
        end: Option<Instant>,
    ) -> Result<Self, Stop> {
        let equivalent = table(&read(&lists().join("equivalent.tsv"))?)
            .filter_map(|fields| Some((fields.first()?.to_string(), fields.get(1)?.to_string())))
            .collect();
        copy.texts.iter().try_for_each(|(file, text)| copy.write(file, text))?;
        let mut results = Results::read(&root().join(options.results.as_deref().unwrap_or(RESULTS)));
        results.forget_changed(chosen, texts);
        Ok(Self { chosen, texts, results, equivalent, copy, end })
    }

    /// Judges the mutants for which `open` returns true. `open` gets a mutant's result line, if there is one.
    /// `judge` gets the number of a joined mutant; any other mutant is in the copy.
    pub fn round(
        &mut self,
        open: impl Fn(Option<&Line>) -> bool,
        mut judge: impl FnMut(&Mutant, Option<usize>) -> Result<(Fate, String), Stop>,
    ) -> Result<(), Stop> {
        for (number, mutant) in self.chosen.iter().enumerate() {
            let known = self.results.lines.get(&mutant.name);
            if !open(known) || (known.is_some() && self.equivalent.contains_key(&mutant.name)) {
                continue;
            }
            if self.end.is_some_and(|end| Instant::now() > end) {
                println!("the time is over; the same command continues from here");
                return Ok(());
            }
            let (text, start) = (&self.texts[&mutant.file], Instant::now());
            let joined = self.copy.numbers.get(&mutant.name).copied();
            if joined.is_none() {
                self.copy.write(&mutant.file, &mutant.planted(text))?;
            }
            let judged = judge(mutant, joined);
            self.copy.write(&mutant.file, &self.copy.texts[&mutant.file])?;
            let (fate, by) = judged?;
            let seconds = start.elapsed().as_secs_f64();
            let line = Line { fate, by, seconds, shown: mutant.shown(text), of: fingerprint(text) };
            let (number, all) = (number + 1, self.chosen.len());
            println!("[{number}/{all}] {} {fate:?} {} ({:.1} s)", mutant.name, line.by, line.seconds);
            self.results.add(mutant, line)?;
        }
        Ok(())
    }

    /// The survivors, and the number of mutants with each result.
    pub fn summary(&self) -> String {
        let names: Vec<String> = self.chosen.iter().map(|mutant| mutant.name.clone()).collect();
        self.results.summary(&names, &self.equivalent)
    }
}
