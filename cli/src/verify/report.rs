//! The report of a run as one file: JSON, a line for each loss, to be attached to an issue.

use super::Devices;
use super::entry::Entry;
use super::machine::{self, System};
use super::progress::Progress;
use crate::device::Device;
use crate::failure::Failure;
use crate::files::output;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// What its numbers mean, said in the report itself.
const NOTES: [&str; 4] = [
    "relative_errors: the worst error of the loss and of each gradient over the cases that expect numbers, divided by the \
     largest magnitude that is expected of the tensor; in f16 and bf16 they include the rounding of stored gradients",
    "worst_share: the worst error as a share of its tolerance; a case passes up to 1",
    "null: there is a NaN, an infinity or another shape in the place of a number",
    "seconds: while other threads ran other losses",
];

/// What is reported of a run.
pub struct Report {
    place: String,
    head: Vec<(&'static str, Json)>,
    entries: Vec<Entry>,
    /// What ran when it was last written, how many entries it had then, and when that was.
    written: Option<(Vec<String>, usize, Instant)>,
}

impl Report {
    /// For this file.
    pub fn new(place: &str, devices: Devices, own_cases: bool) -> Report {
        let gpu = devices.list().contains(&Device::Gpu);
        let (adapter, kernels) = gpu.then(machine::adapter).flatten().unzip();
        let system: System = machine::system();
        let head = vec![
            ("report", json!("wgloss verify, version 1")),
            ("notes", json!(NOTES)),
            ("program", json!({"version": env!("CARGO_PKG_VERSION"), "commit": option_env!("WGLOSS_COMMIT")})),
            ("cases", json!(if own_cases { "a directory" } else { "the program's own" })),
            ("system", json!(system)),
            ("adapter", json!(adapter)),
            ("kernels", json!(kernels)),
        ];
        Report { place: place.into(), head, entries: Vec::new(), written: None }
    }

    /// The file.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Takes in what a loss came to.
    pub fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Writes what there is, unless that was done within this time: should the program be ended, the report says what ran.
    pub fn keep(&mut self, progress: &Progress, pause: Duration) -> Result<(), Failure> {
        let running = progress.now();
        let is_due = match &self.written {
            Some((known, entries, when)) => {
                when.elapsed() >= pause && (*entries, known) != (self.entries.len(), &running)
            }
            None => true,
        };
        if is_due {
            self.write(&[("complete", json!(false)), ("running", json!(running))])?;
            self.written = Some((running, self.entries.len(), Instant::now()));
        }
        Ok(())
    }

    /// Writes the whole of it; also why there is no device, where there is none.
    pub fn finish(&self, missing: Option<&wgloss::Error>) -> Result<(), Failure> {
        let missing = missing.map(|error| ("missing", json!(error.to_string())));
        self.write(&[("complete", json!(true))].into_iter().chain(missing).collect::<Vec<_>>())
    }

    fn write(&self, state: &[(&str, Json)]) -> Result<(), Failure> {
        output::write(&[(&self.place, self.text(state).into_bytes())])
    }

    /// Losses by their names, whatever the order in which they ended; each on a line of its own.
    fn text(&self, state: &[(&str, Json)]) -> String {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by(|a, b| a.loss.cmp(&b.loss));
        let count = |of: fn(&Entry) -> usize| json!(entries.iter().map(|entry| of(entry)).sum::<usize>());
        let counts = [("passed", count(|entry| entry.tally().passed)), ("failed", count(|entry| entry.tally().failed))];
        let mut text = String::from("{\n");
        for (name, value) in self.head.iter().chain(state).chain(&counts) {
            text += &format!("  \"{name}\": {},\n", format!("{value:#}").replace('\n', "\n  "));
        }
        // an entry cannot fail to be JSON: its keys are texts
        let line = |entry: &&Entry| format!("    {}", serde_json::to_string(entry).unwrap_or_default());
        let lines: Vec<String> = entries.iter().map(line).collect();
        text + "  \"results\": [\n" + &lines.join(",\n") + "\n  ]\n}\n"
    }
}
