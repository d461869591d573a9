//! What runs now: a bar where standard error is a terminal, and a line about whatever takes long, wherever it goes.

use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long something runs before that is said for the first time; it is said again after twice as long, and so on.
const LONG: Duration = Duration::from_secs(10);

/// What each thread runs.
pub struct Progress {
    bar: ProgressBar,
    running: Mutex<Vec<Option<Running>>>,
}

/// What a thread runs.
struct Running {
    what: String,
    case: Option<String>,
    since: Instant,
    /// When it is next said that it takes long.
    next: Duration,
}

/// A thread's place in the progress.
pub struct Slot<'a> {
    progress: &'a Progress,
    place: usize,
}

impl Progress {
    /// Of so many cases, on so many threads.
    pub fn new(cases: usize, threads: usize) -> Progress {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}").expect("the template is well-formed");
        let bar = ProgressBar::new(cases as u64).with_style(style);
        Progress { bar, running: Mutex::new((0..threads).map(|_| None).collect()) }
    }

    /// A slot for each thread.
    pub fn slots(&self) -> impl Iterator<Item = Slot<'_>> {
        let threads = self.running().len();
        (0..threads).map(|place| Slot { progress: self, place })
    }

    /// Prints something in the bar's place.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// What runs now.
    pub fn now(&self) -> Vec<String> {
        self.running().iter().flatten().map(Running::text).collect()
    }

    /// A line about each thing that has run for long, and was not told about lately.
    pub fn slow(&self, now: Instant) -> Vec<String> {
        let mut running = self.running();
        running.iter_mut().flatten().filter_map(|running| running.slow(now)).collect()
    }

    fn running(&self) -> MutexGuard<'_, Vec<Option<Running>>> {
        // what a thread that panicked was at is worth as much as before
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn text(&self) -> String {
        let case = self.case.as_ref().map(|case| format!(", case {case}"));
        self.what.clone() + &case.unwrap_or_default()
    }

    fn slow(&mut self, now: Instant) -> Option<String> {
        let time = now.saturating_duration_since(self.since);
        if time < self.next {
            return None;
        }
        while self.next <= time {
            self.next *= 2;
        }
        Some(format!("still running after {} s: {}", time.as_secs(), self.text()))
    }
}

impl Slot<'_> {
    /// Something begins, in the place of what ran before.
    pub fn starts(&self, what: String) {
        let started = Running { what, case: None, since: Instant::now(), next: LONG };
        self.progress.running()[self.place] = Some(started);
        self.show();
    }

    /// A case of it begins.
    pub fn goes_on_with(&self, case: &str) {
        if let Some(running) = &mut self.progress.running()[self.place] {
            running.case = Some(case.into());
        }
    }

    /// So many cases are done, or not to be run.
    pub fn skips(&self, cases: usize) {
        self.progress.bar.inc(cases as u64);
    }

    /// Nothing runs any more.
    pub fn ends(&self) {
        self.progress.running()[self.place] = None;
        self.show();
    }

    fn show(&self) {
        let running = self.progress.running();
        let names: Vec<&str> = running.iter().flatten().map(|running| running.what.as_str()).collect();
        let names = names.join(", ");
        drop(running);
        self.progress.bar.set_message(names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_named_with_its_case_at_doubling_intervals() {
        let progress = Progress::new(10, 2);
        let slots: Vec<Slot> = progress.slots().collect();
        slots[0].starts("dice on gpu in f32".into());
        slots[0].goes_on_with("large");
        let start = Instant::now();
        let told = |seconds: u64| progress.slow(start + Duration::from_secs(seconds));
        let line = |seconds: u64| vec![format!("still running after {seconds} s: dice on gpu in f32, case large")];
        for (seconds, lines) in
            [(9, vec![]), (10, line(10)), (19, vec![]), (21, line(21)), (39, vec![]), (100, line(100))]
        {
            assert_eq!(told(seconds), lines, "after {seconds} s");
        }
        assert_eq!(told(159), Vec::<String>::new());
        assert_eq!(told(160), line(160));

        slots[1].starts("mse on gpu in f32".into());
        assert_eq!(progress.now(), ["dice on gpu in f32, case large", "mse on gpu in f32"]);
        slots[0].starts("nll on gpu in f32".into());
        slots[1].ends();
        assert_eq!(progress.now(), ["nll on gpu in f32"]);
        assert_eq!(told(9), Vec::<String>::new(), "the time is that of the new one");
    }
}
