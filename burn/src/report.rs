//! What a loss has besides its value: its parts, its observations, and labels out of range.

use crate::call::Ran;
use crate::error::{Error, Result};
use crate::lock::lock;
use burn::tensor::{Device, StreamId};
use wgloss::{Array, Outcome, PartOutcome, Tensor};

/// The parts and observations of a loss, and its labels out of range. They stay on the device until the report is read.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) device: Device,
    /// The queue of the thread that made the call. Burn's fusion has one for each thread.
    pub(crate) stream: StreamId,
    pub(crate) ran: Ran,
}

impl Report {
    /// The parts of the term in order, then its observations, each with its name, sum, denominator and weight. Waits for
    /// the device. Any thread may call this, such as that of a dashboard.
    ///
    /// # Errors
    /// [`Error::Loss`] with [`LabelOutOfRange`](wgloss::Error::LabelOutOfRange) if a label lies outside the classes. Such a
    /// label counts as ignored: the loss and its gradients are those of the other labels, and the device goes on working.
    /// [`Error::NotComputed`] if Burn gave up the work.
    pub fn parts(&self) -> Result<Vec<PartOutcome>> {
        Ok(self.outcome()?.parts().wait()?)
    }

    /// The observations that have a number for each position, such as the predicted class: the name and the numbers of
    /// each, read from the device. Waits for the device.
    ///
    /// # Errors
    /// As [`parts`](Self::parts).
    pub fn observed(&self) -> Result<Vec<(String, Array)>> {
        let outcome = self.outcome()?;
        let read = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.read().wait()?));
        outcome.observed().iter().map(read).collect()
    }

    fn outcome(&self) -> Result<Outcome> {
        // with fusion, the loss may not have run yet
        let synced = self.stream.executes(|| self.device.sync());
        synced.map_err(|error| Error::NotComputed(format!("{error:?}")))?;
        let job = lock(&self.ran).clone();
        let job = job.ok_or_else(|| Error::NotComputed("an operation before it failed".into()))?;
        Ok(job.outcome())
    }

    /// Returns an error if a label was out of range. Waits for the device.
    ///
    /// # Errors
    /// As [`parts`](Self::parts).
    pub fn check(&self) -> Result<()> {
        self.parts().map(drop)
    }
}
