//! Whether a job's runs have finished and its labels were good.

use crate::check::{Inspection, Lengths, SegmentNumbers, not_the_sum};
use crate::error::{Error, Result};
use crate::gpu::lock::lock;
use crate::gpu::memory::Memory;
use crate::gpu::plan::MOST_LABELS;
use crate::options::{Range as NumberRange, out_of_range};
use crate::term::OutcomeRow;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Whether a job's last run has finished, and whether its labels were good. The GPU writes the head of the outcome,
/// which matches `Outcome` in `shaders/geometry/outcome.wgsl`. The host counts the recorded runs.
#[derive(Debug)]
pub(super) struct Verdict {
    pub memory: Arc<Memory>,
    pub parts: Vec<VerdictRow>,
    pub runs: Runs,
    /// The first bad label that was read from the GPU but not reported yet. It is kept here, because the caller may
    /// drop a read before its result arrives.
    unreported: Mutex<Option<Error>>,
}

/// A row of the outcome, and what an error about a bad label of it says: the loss, the operand, and the range of labels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct VerdictRow {
    pub row: OutcomeRow,
    pub loss: &'static str,
    pub operand: &'static str,
    pub count: u64,
    pub ignored: Option<i32>,
    /// The ranges of lengths. Their places in the outcome are numbered before those of the labels.
    pub lengths: Option<Lengths>,
    /// The range of segments. Their places are numbered after those of the labels.
    pub segments: Option<SegmentNumbers>,
    /// The inspections of operands. Their places are numbered after all others.
    pub inspections: Vec<Inspection>,
    /// The numbers that change between runs: the place by which the outcome reports a bad one, the name, and the range.
    pub numbers: Vec<(usize, String, NumberRange)>,
}

/// The bit that the outcome adds to a part's index if a number of the part is out of range, rather than a label. It
/// matches the shader's `IS_NUMBER`.
const IS_NUMBER: u32 = 0x4000_0000;

impl Verdict {
    /// The bytes of the outcome's head.
    pub const BYTES: u64 = 48;
    /// The bytes of each part after it.
    pub const PART_BYTES: u64 = 20;
    /// The bytes that keep the first bad label of all runs until `check` asks for it. Zeros mean none.
    pub const KEPT: Range<u64> = 24..40;

    pub fn new(memory: Arc<Memory>, parts: Vec<VerdictRow>) -> Verdict {
        Verdict { memory, parts, runs: Runs::default(), unreported: Mutex::default() }
    }

    /// The head before the first run: no run has finished, and no part has a bad label.
    pub fn fresh() -> [u8; Verdict::BYTES as usize] {
        bytemuck::cast([0, FIRST_RUN, u32::MAX, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.memory.buffer
    }

    /// Gives the error of a run that has not finished, or of the last run's first bad label.
    pub fn judge(&self, head: &[u8], at_read: CountsAtRead) -> Result<()> {
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(head);
        let [_, finished, part, position, low, high, ..] = words[..] else { return Ok(()) };
        self.judge_runs(finished, at_read)?;
        self.refusal(part, [position, low, high]).map_or(Ok(()), Err)
    }

    /// Keeps the first bad label of all runs in `head`, until `answer` reports it.
    pub fn hear(&self, head: &[u8]) {
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&head[Verdict::KEPT.start as usize..]);
        let [part, position, low, high, ..] = words[..] else { return };
        if let Some(error) = self.refusal(part.wrapping_sub(1), [position, low, high]) {
            lock(&self.unreported).get_or_insert(error);
        }
    }

    /// Gives the error of the first bad label since the last call, or else of a run that has not finished.
    pub fn answer(&self, head: &[u8], at_read: CountsAtRead) -> Result<()> {
        if let Some(error) = lock(&self.unreported).take() {
            return Err(error);
        }
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(head);
        self.judge_runs(words[1], at_read)
    }

    fn judge_runs(&self, finished: u32, at_read: CountsAtRead) -> Result<()> {
        let loss = self.parts.first().map_or("term", |part| part.loss);
        match self.runs.missing(finished.wrapping_sub(FIRST_RUN), at_read) {
            0 if at_read.expected > 0 => Ok(()),
            missing => Err(Error::NotRun { loss, recorded: at_read.expected, finished: at_read.expected - missing }),
        }
    }

    fn refusal(&self, part: u32, [position, low, high]: [u32; 3]) -> Option<Error> {
        if part & IS_NUMBER != 0 && part != u32::MAX {
            let part = self.parts.get((part ^ IS_NUMBER) as usize)?;
            let (_, name, range) = part.numbers.iter().find(|(place, ..)| *place == position as usize)?;
            return Some(out_of_range(part.loss, name, f32::from_bits(low), *range));
        }
        let part = self.parts.get(part as usize)?;
        let value = (u64::from(high) << 32) | u64::from(low);
        let refused = |operand: &str, position: u64, count: u64| Error::LabelOutOfRange {
            loss: part.loss,
            operand: operand.into(),
            position,
            value: value.cast_signed(),
            count,
            // only labels may be ignored
            ignored: part.ignored.filter(|_| operand == part.operand),
        };
        let place = u64::from(position);
        if let Some(inspection) = part.inspections.iter().rev().find(|inspection| place >= inspection.first) {
            let number = f32::from_bits(low).into();
            return Some(inspection.refusal(place - inspection.first, number));
        }
        if let Some(segments) = part.segments.as_ref().filter(|segments| place >= segments.rows as u64) {
            return Some(refused(segments.operand, place - segments.rows as u64, segments.count as u64));
        }
        let Some(lengths) = &part.lengths else { return Some(refused(part.operand, place, part.count)) };
        let items = lengths.items as u64;
        let [steps, labels] = lengths.most.map(|most| most as u64 + 1);
        Some(match place {
            place if place < items => refused(lengths.operands[0], place, steps),
            // a kernel takes no more labels than `MOST_LABELS`
            place if place < 2 * items => {
                refused(lengths.operands[1], place - items, labels.min(MOST_LABELS as u64 + 1))
            }
            place if place == 2 * items => {
                not_the_sum(part.loss, part.operand, lengths.operands[1], value, lengths.joined.unwrap_or(0))
            }
            place => refused(part.operand, place - 2 * items - 1, part.count),
        })
    }
}

/// The GPU's count before the first run. The second run wraps the count to 0, so that every job that runs twice tests the
/// wrap.
const FIRST_RUN: u32 = u32::MAX - 1;

/// The host's counts of recorded runs. The GPU counts the runs that finish.
///
/// A run is missing if it was recorded but has not finished: its pass was dropped, or is not submitted yet. Reads
/// report missing runs until the job is recorded again. Then the reported runs are given up, so that one dropped pass
/// does not spoil later runs.
#[derive(Debug, Default)]
pub(super) struct Runs(Mutex<RunCounts>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct RunCounts {
    /// The recorded runs, without those given up.
    expected: u64,
    /// The runs given up. Some may still be submitted later.
    given_up: u64,
    /// How many of the expected runs have been reported as missing.
    reported: u64,
    /// The library's own submissions that have begun, and that have ended.
    begun: u64,
    ended: u64,
}

/// The host's counts when a read began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CountsAtRead {
    expected: u64,
    counts: RunCounts,
}

impl RunCounts {
    fn record(&mut self) {
        self.given_up += self.reported;
        self.expected += 1;
        self.expected -= std::mem::take(&mut self.reported);
    }
}

impl Runs {
    /// Counts a run that was recorded into the caller's pass.
    pub fn record(&self) {
        lock(&self.0).record();
    }

    /// Counts a run that is recorded and submitted at once. It counts only after the submission, so that a read on
    /// another thread does not report it missing before.
    pub fn submit<T>(&self, submit: impl FnOnce() -> Result<T>) -> Result<T> {
        lock(&self.0).begun += 1;
        let submitted = submit();
        let mut counts = lock(&self.0);
        counts.ended += 1;
        counts.record();
        if submitted.is_err() {
            // the caller gets the error, so the run counts as reported
            counts.reported += 1;
        }
        submitted
    }

    /// The current counts, for a read that begins.
    pub fn begin(&self) -> CountsAtRead {
        let counts = *lock(&self.0);
        CountsAtRead { expected: counts.expected, counts }
    }

    /// How many runs are missing that a read should see, if `finished` runs have finished.
    fn missing(&self, finished: u32, at_read: CountsAtRead) -> u64 {
        let behind = (at_read.expected as u32).wrapping_sub(finished).cast_signed();
        let missing = u64::from(behind.max(0).cast_unsigned()).min(at_read.expected);
        let mut counts = lock(&self.0);
        // if runs were recorded or submitted meanwhile, this count is out of date
        if (RunCounts { reported: 0, ..*counts }) == (RunCounts { reported: 0, ..at_read.counts })
            && counts.begun == counts.ended
        {
            counts.reported = missing;
            let late = u64::from(behind.min(0).unsigned_abs()).min(counts.given_up);
            (counts.given_up, counts.expected) = (counts.given_up - late, counts.expected + late);
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(runs: &Runs, finished: u32) -> u64 {
        runs.missing(finished, runs.begin())
    }

    #[test]
    fn a_run_is_missing_until_it_has_finished() {
        let runs = Runs::default();
        assert_eq!(missing(&runs, 0), 0);
        runs.record();
        runs.record();
        assert_eq!([missing(&runs, 0), missing(&runs, 1), missing(&runs, 2)], [2, 1, 0]);
    }

    #[test]
    fn reported_runs_are_given_up_when_the_job_is_recorded_again() {
        let runs = Runs::default();
        runs.record();
        assert_eq!([missing(&runs, 0), missing(&runs, 0)], [1, 1], "until then it is reported again");
        runs.record();
        assert_eq!([missing(&runs, 0), missing(&runs, 1)], [1, 0]);
        // this one was not reported
        runs.record();
        runs.record();
        assert_eq!(missing(&runs, 2), 1);
    }

    #[test]
    fn a_run_that_is_submitted_after_it_was_given_up_counts_again() {
        let runs = Runs::default();
        runs.record();
        assert_eq!(missing(&runs, 0), 1);
        runs.record();
        // both are submitted
        assert_eq!(missing(&runs, 2), 0);
        runs.record();
        assert_eq!(missing(&runs, 2), 1, "only the third is missing");
    }

    #[test]
    fn a_read_does_not_miss_runs_recorded_after_it_began() {
        let runs = Runs::default();
        runs.record();
        let at_read = runs.begin();
        runs.record();
        assert_eq!(runs.missing(1, at_read), 0);
        assert_eq!(missing(&runs, 1), 1);
    }

    #[test]
    fn a_refused_submission_is_missing_and_reported() {
        let runs = Runs::default();
        runs.submit(|| Ok(())).unwrap();
        let refused: Result<()> = Err(Error::Gpu("no".into()));
        assert_eq!(runs.submit(|| refused.clone()), refused);
        assert_eq!([missing(&runs, 1), missing(&runs, 1)], [1, 1]);
        runs.submit(|| Ok(())).unwrap();
        assert_eq!(missing(&runs, 2), 0);
        // a read that sees a finished run before the host has counted it
        runs.submit(|| {
            assert_eq!(missing(&runs, 3), 0);
            Ok(())
        })
        .unwrap();
        assert_eq!([missing(&runs, 3), missing(&runs, 2)], [0, 1]);
    }

    #[test]
    fn the_count_wraps() {
        let runs = Runs::default();
        *lock(&runs.0) = RunCounts { expected: u64::from(u32::MAX), ..RunCounts::default() };
        assert_eq!(missing(&runs, u32::MAX), 0);
        runs.record();
        assert_eq!([missing(&runs, u32::MAX), missing(&runs, 0)], [1, 0]);
        runs.record();
        assert_eq!([missing(&runs, 0), missing(&runs, 1)], [1, 0]);
    }
}
