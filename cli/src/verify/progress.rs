//! Keeps track of what is running: shows a bar if the standard error is a terminal, and makes lines about slow losses for any
//! standard error.

use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When a loss runs this long, a line says that it is still running. The next line comes after twice the time, and so
/// on.
const LONG: Duration = Duration::from_secs(10);

/// The work that each thread is running.
pub struct Progress {
    bar: ProgressBar,
    running: Mutex<Vec<Option<Running>>>,
}

/// The work that a thread is running: its text, such as "dice on gpu in f32", and its current case if it has cases.
struct Running {
    what: String,
    case: Option<String>,
    since: Instant,
    /// How long after the start the next line comes.
    next: Duration,
}

/// The handle by which one thread reports its work.
pub struct Slot<'a> {
    progress: &'a Progress,
    place: usize,
}

impl Progress {
    /// The progress of `cases` cases on `threads` threads.
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

    /// Hides the bar while `print` runs.
    pub fn without_bar<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// The work that is running, with the cases.
    pub fn now(&self) -> Vec<String> {
        self.running().iter().flatten().map(Running::text).collect()
    }

    /// A line for each thread whose work has taken so long that its next line is due.
    pub fn slow(&self, now: Instant) -> Vec<String> {
        let mut running = self.running();
        running.iter_mut().flatten().filter_map(|running| running.slow(now)).collect()
    }

    fn running(&self) -> MutexGuard<'_, Vec<Option<Running>>> {
        // a panic under the lock leaves nothing inconsistent
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
    /// Reports that the thread starts `what`, and is done with its earlier work.
    pub fn start(&self, what: String) {
        let started = Running { what, case: None, since: Instant::now(), next: LONG };
        self.progress.running()[self.place] = Some(started);
        self.show();
    }

    /// Reports that the thread starts this case of its work.
    pub fn start_case(&self, case: &str) {
        if let Some(running) = &mut self.progress.running()[self.place] {
            running.case = Some(case.into());
        }
    }

    /// Moves the bar by `cases` cases that have run or will not run.
    pub fn advance(&self, cases: usize) {
        self.progress.bar.inc(cases as u64);
    }

    /// Reports that the thread has nothing left to run.
    pub fn finish(&self) {
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
    fn slow_work_is_printed_with_its_case_at_doubling_intervals() {
        let progress = Progress::new(10, 2);
        let slots: Vec<Slot> = progress.slots().collect();
        slots[0].start("dice on gpu in f32".into());
        slots[0].start_case("large");
        let start = Instant::now();
        let printed = |seconds: u64| progress.slow(start + Duration::from_secs(seconds));
        let line = |seconds: u64| vec![format!("still running after {seconds} s: dice on gpu in f32, case large")];
        for (seconds, lines) in
            [(9, vec![]), (10, line(10)), (19, vec![]), (21, line(21)), (39, vec![]), (100, line(100))]
        {
            assert_eq!(printed(seconds), lines, "after {seconds} s");
        }
        assert_eq!(printed(159), Vec::<String>::new());
        assert_eq!(printed(160), line(160));

        slots[1].start("mse on gpu in f32".into());
        assert_eq!(progress.now(), ["dice on gpu in f32, case large", "mse on gpu in f32"]);
        slots[0].start("nll on gpu in f32".into());
        slots[1].finish();
        assert_eq!(progress.now(), ["nll on gpu in f32"]);
        assert_eq!(printed(9), Vec::<String>::new(), "the time counts from the start of the new work");
    }
}
