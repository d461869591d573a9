//! Rounds over mutants: plants each, judges it, restores the file and writes the result. A run of `wgloss verify` for one loss keeps
//! only one core busy, so that several mutants are judged at a time.

use super::baseline::held;
use super::results::{Fate, Line, Results, fingerprint, table};
use super::rules::Mutant;
use super::{lists, put, read};
use crate::args::Mutants;
use crate::run::{Stop, root};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// The file with the results of all runs, if the user names no other.
const RESULTS: &str = "xtask/mutants/results.tsv";

/// The copies of the files to plant mutants in that can't be joined. As many of these are judged at a time as there are copies.
pub struct Copies {
    pub folders: Vec<PathBuf>,
    /// The suffix that turns a file's key in `texts` into its name in a folder.
    pub suffix: &'static str,
    /// The text of each file while no mutant is planted in it.
    pub texts: BTreeMap<String, String>,
    /// The numbers of the mutants that are joined: planted once for all, so that a number turns one on.
    pub numbers: BTreeMap<String, usize>,
}

impl Copies {
    fn write(&self, folder: &Path, file: &str, text: &str) -> Result<(), Stop> {
        put(&folder.join(format!("{file}{}", self.suffix)), text.as_bytes())
    }
}

/// How a mutant is planted.
#[derive(Clone, Copy, Debug)]
pub enum Planted<'a> {
    /// With all others that can be joined; the number turns it on.
    Joined(usize),
    /// Alone, in the copy in this folder.
    Alone(&'a Path),
}

/// The mutants, their results, and the copies of the files to plant them in.
pub struct Rounds<'a> {
    chosen: &'a [Mutant],
    texts: &'a BTreeMap<String, String>,
    results: Mutex<Results>,
    /// The mutants that compute what the original computes, with the reasons.
    equivalent: BTreeMap<String, String>,
    copies: Copies,
    end: Option<Instant>,
}

impl<'a> Rounds<'a> {
    /// Writes the copies of the files, and reads the results of earlier runs. The rounds stop at `end`.
    pub fn new(
        chosen: &'a [Mutant],
        texts: &'a BTreeMap<String, String>,
        copies: Copies,
        options: &Mutants,
        end: Option<Instant>,
    ) -> Result<Self, Stop> {
        let equivalent = table(&read(&lists().join("equivalent.tsv"))?)
            .filter_map(|fields| Some((fields.first()?.to_string(), fields.get(1)?.to_string())))
            .collect();
        for folder in &copies.folders {
            copies.texts.iter().try_for_each(|(file, text)| copies.write(folder, file, text))?;
        }
        let mut results = Results::read(&root().join(options.results.as_deref().unwrap_or(RESULTS)));
        results.forget_changed(chosen, texts);
        Ok(Self { chosen, texts, results: Mutex::new(results), equivalent, copies, end })
    }

    /// Judges the mutants for which `open` returns true. `open` gets a mutant's result line, if there is one.
    pub fn round(
        &self,
        open: impl Fn(Option<&Line>) -> bool,
        judge: impl Fn(&Mutant, Planted<'_>) -> Result<(Fate, String), Stop> + Sync,
    ) -> Result<(), Stop> {
        let is_open = |mutant: &Mutant| {
            let results = held(&self.results);
            let known = results.lines.get(&mutant.name);
            open(known) && !(known.is_some() && self.equivalent.contains_key(&mutant.name))
        };
        let (mut joined, mut alone) = (Vec::new(), Vec::new());
        for (place, mutant) in self.chosen.iter().enumerate().filter(|(_, mutant)| is_open(mutant)) {
            match self.copies.numbers.get(&mutant.name) {
                Some(number) => joined.push((place, mutant, *number)),
                None => alone.push((place, mutant)),
            }
        }
        on_threads(cores(), &joined, |_, (place, mutant, number)| {
            self.judge_one(*place, || judge(mutant, Planted::Joined(*number)))
        })?;
        on_threads(self.copies.folders.len(), &alone, |thread, (place, mutant)| {
            let folder = &self.copies.folders[thread];
            self.judge_one(*place, || {
                self.copies.write(folder, &mutant.file, &mutant.planted(&self.texts[&mutant.file]))?;
                let judged = judge(mutant, Planted::Alone(folder));
                self.copies.write(folder, &mutant.file, &self.copies.texts[&mutant.file])?;
                judged
            })
        })
    }

    /// Judges a mutant, unless the time is over, and writes the result.
    fn judge_one(&self, place: usize, judge: impl FnOnce() -> Result<(Fate, String), Stop>) -> Result<(), Stop> {
        if self.end.is_some_and(|end| Instant::now() > end) {
            return Ok(());
        }
        let (mutant, start) = (&self.chosen[place], Instant::now());
        let text = &self.texts[&mutant.file];
        let (fate, by) = judge()?;
        let seconds = start.elapsed().as_secs_f64();
        let line = Line { fate, by, seconds, shown: mutant.shown(text), of: fingerprint(text) };
        let (number, all) = (place + 1, self.chosen.len());
        println!("[{number}/{all}] {} {fate:?} {} ({:.1} s)", mutant.name, line.by, line.seconds);
        held(&self.results).add(mutant, line)
    }

    /// The survivors, and the number of mutants with each result.
    pub fn summary(&self) -> String {
        let names: Vec<String> = self.chosen.iter().map(|mutant| mutant.name.clone()).collect();
        let summary = held(&self.results).summary(&names, &self.equivalent);
        match self.end.is_some_and(|end| Instant::now() > end) {
            true => format!("the time is over; the same command continues from here\n{summary}"),
            false => summary,
        }
    }
}

/// The number of cores.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Calls `work` for all items, on so many threads. It gets the thread's number and the item. After an error no further item begins.
pub fn on_threads<T: Sync>(
    threads: usize,
    items: &[T],
    work: impl Fn(usize, &T) -> Result<(), Stop> + Sync,
) -> Result<(), Stop> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Result<(), Stop>> = Mutex::new(Ok(()));
    thread::scope(|scope| {
        for thread in 0..threads {
            let (next, failed, work) = (&next, &failed, &work);
            scope.spawn(move || {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if held(failed).is_err() {
                        break;
                    }
                    if let Err(stop) = work(thread, item) {
                        let mut failed = held(failed);
                        if failed.is_ok() {
                            *failed = Err(stop);
                        }
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_items_are_done_once_and_an_error_ends_the_work() {
        let items: Vec<usize> = (0..100).collect();
        let done = Mutex::new(Vec::new());
        let worked = on_threads(3, &items, |_, item| {
            held(&done).push(*item);
            Ok(())
        });
        assert!(worked.is_ok());
        let mut all = done.into_inner().expect("no thread panicked");
        all.sort_unstable();
        assert_eq!(all, items);
        let begun = AtomicUsize::new(0);
        let failed = on_threads(1, &items, |_, item| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *item == 7 { Err(Stop::Failed("seven".to_string())) } else { Ok(()) }
        });
        assert!(matches!(failed, Err(Stop::Failed(why)) if why == "seven"));
        assert_eq!(begun.into_inner(), 8);
    }
}
