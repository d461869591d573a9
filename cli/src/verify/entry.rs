//! The results of one loss's cases in one dtype on one device.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use std::io::{self, Write};
use std::time::Duration;
use wgloss::DType;
use wgloss_cases::{Accuracy, Counts, Trial, short};

/// The results of one loss's cases in one dtype on one device.
pub struct Entry {
    pub loss: String,
    device: &'static str,
    dtype: String,
    /// The device and the dtype, as they are printed.
    label: String,
    pub outcome: Outcome,
}

/// Whether cases ran, and their results.
pub enum Outcome {
    /// They ran.
    Ran {
        /// How many passed.
        counts: Counts,
        /// The worst errors.
        accuracy: Accuracy,
        /// The differences from what was expected.
        failures: Vec<Failed>,
        /// How long they took. Other threads ran other losses meanwhile.
        time: Duration,
    },
    /// The device could not be opened.
    Missing { failed: usize },
    /// The library does not know the loss.
    Unknown { cases: usize, failed: usize },
}

/// A case that failed.
#[derive(Clone, Serialize)]
pub struct Failed {
    case: String,
    message: String,
}

impl Entry {
    /// An entry without a device.
    pub fn new(loss: &str, outcome: Outcome) -> Entry {
        Entry { loss: loss.into(), device: "", dtype: String::new(), label: String::new(), outcome }
    }

    /// An entry whose cases have not run yet.
    pub fn on(loss: &str, device: &'static str, dtype: DType, label: String) -> Entry {
        let (counts, accuracy) = (Counts::default(), Accuracy::default());
        let outcome = Outcome::Ran { counts, accuracy, failures: Vec::new(), time: Duration::ZERO };
        Entry { loss: loss.into(), device, dtype: dtype.to_string(), label, outcome }
    }

    /// Adds the result of a case.
    pub fn count(&mut self, case: &str, trial: Trial) {
        if let Outcome::Ran { counts, accuracy, failures, .. } = &mut self.outcome {
            counts.count(&trial);
            accuracy.add(trial.accuracy);
            failures.extend(trial.failures.into_iter().map(|message| Failed { case: case.into(), message }));
        }
    }

    /// Sets how long all cases took.
    pub fn took(&mut self, elapsed: Duration) {
        if let Outcome::Ran { time, .. } = &mut self.outcome {
            *time = elapsed;
        }
    }

    /// How many cases passed and failed.
    pub fn counts(&self) -> Counts {
        match self.outcome {
            Outcome::Ran { counts, .. } => counts,
            Outcome::Missing { failed } | Outcome::Unknown { failed, .. } => Counts { failed, ..Counts::default() },
        }
    }

    /// Writes one line for the entry, and one for each failure.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Entry { loss, label, .. } = self;
        match &self.outcome {
            Outcome::Unknown { cases, .. } => {
                writeln!(out, "{loss:<26}      unknown to the library, {cases} cases not run")
            }
            Outcome::Missing { failed } => {
                writeln!(out, "{loss:<26} {label}  could not be opened, {failed} cases count as failed")
            }
            Outcome::Ran { counts: Counts { passed, failed, worst }, failures, .. } => {
                writeln!(
                    out,
                    "{loss:<26} {label}  {passed:>3} passed, {failed:>2} failed, worst {worst:.4} of the tolerance"
                )?;
                failures.iter().try_for_each(|Failed { case, message }| writeln!(out, "  FAILED {case}: {message}"))
            }
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("Entry", 9)?;
        entry.serialize_field("loss", &self.loss)?;
        entry.serialize_field("device", &self.device)?;
        entry.serialize_field("dtype", &self.dtype)?;
        let Counts { passed, failed, worst } = self.counts();
        entry.serialize_field("passed", &passed)?;
        entry.serialize_field("failed", &failed)?;
        match &self.outcome {
            Outcome::Ran { accuracy, failures, time, .. } => {
                entry.serialize_field("worst_share", &short(worst))?;
                entry.serialize_field("relative_errors", accuracy)?;
                entry.serialize_field("seconds", &short(time.as_secs_f64()))?;
                entry.serialize_field("failures", failures)?;
            }
            Outcome::Missing { .. } => entry.serialize_field("not_run", "the device could not be opened")?,
            Outcome::Unknown { cases, .. } => {
                entry
                    .serialize_field("not_run", &format!("the library does not know the loss; it has {cases} cases"))?;
            }
        }
        entry.end()
    }
}
