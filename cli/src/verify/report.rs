//! The report of a run: one JSON file with a line for each loss, dtype and device, to attach to an issue.

use super::Devices;
use super::entry::Entry;
use super::machine::{self, System};
use super::progress::Progress;
use crate::device::Device;
use crate::failure::Failure;
use crate::files::output;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// The meaning of the numbers. The report contains these notes.
const NOTES: [&str; 4] = [
    "relative_errors: the worst error of the loss and of each gradient over the cases that expect numbers, divided by the \
     largest magnitude expected in the tensor; in f16 and bf16 they include the rounding of stored gradients",
    "worst_share: the worst error as a share of its tolerance; a case passes up to 1",
    "null: the error is not finite, because of a NaN, an infinity or a wrong shape",
    "seconds: while other threads ran other losses",
];

/// The report of a run.
pub struct Report {
    place: String,
    head: Vec<(&'static str, Json)>,
    entries: Vec<Entry>,
    /// The cases that were running when the file was last written, how many entries it had, and the time.
    written: Option<(Vec<String>, usize, Instant)>,
}

impl Report {
    /// A report for the file `place`.
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

    /// The path of the file.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Adds the results of a loss in one dtype on one device.
    pub fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Writes the results so far if something changed, at most once per `pause`. If the program is killed, the report says
    /// what was running.
    pub fn write_if_due(&mut self, progress: &Progress, pause: Duration) -> Result<(), Failure> {
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

    /// Writes the complete report, and why a device is missing, if one is.
    pub fn finish(&self, missing: Option<&wgloss::Error>) -> Result<(), Failure> {
        let missing = missing.map(|error| ("missing", json!(error.to_string())));
        self.write(&[("complete", json!(true))].into_iter().chain(missing).collect::<Vec<_>>())
    }

    fn write(&self, state: &[(&str, Json)]) -> Result<(), Failure> {
        output::write(&[(&self.place, self.text(state).into_bytes())])
    }

    /// The text of the report. The entries are sorted by loss, one a line.
    fn text(&self, state: &[(&str, Json)]) -> String {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by(|a, b| a.loss.cmp(&b.loss));
        let count = |of: fn(&Entry) -> usize| json!(entries.iter().map(|entry| of(entry)).sum::<usize>());
        let counts =
            [("passed", count(|entry| entry.counts().passed)), ("failed", count(|entry| entry.counts().failed))];
        let mut text = String::from("{\n");
        for (name, value) in self.head.iter().chain(state).chain(&counts) {
            text += &format!("  \"{name}\": {},\n", format!("{value:#}").replace('\n', "\n  "));
        }
        // serialising cannot fail, because all keys are strings
        let line = |entry: &&Entry| format!("    {}", serde_json::to_string(entry).unwrap_or_default());
        let lines: Vec<String> = entries.iter().map(line).collect();
        text + "  \"results\": [\n" + &lines.join(",\n") + "\n  ]\n}\n"
    }
}
