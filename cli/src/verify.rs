//! `wgloss verify`: the conformance cases on each device.

mod dtype;
mod entry;
mod machine;
mod progress;
mod report;
mod source;
mod sweep;
mod thorough;

use crate::device::Device;
use crate::failure::Failure;
use crate::files::output;
use crate::losses;
use ::safetensors::SafeTensors;
use clap::{Args, ValueEnum};
use dtype::Dtypes;
use entry::{Entry, Outcome};
use pollster::block_on;
use progress::{Progress, Slot};
use report::Report;
use source::Source;
use std::cmp::Reverse;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{panic, thread};
use wgloss::wgpu::Backend;
use wgloss_cases::{Counts, Suite, Trial, Way};

/// How long to wait for the next result before looking for slow cases.
const TICK: Duration = Duration::from_secs(1);

/// The arguments of `wgloss verify`.
#[derive(Args)]
pub struct Verify {
    /// A directory of cases. The default is the cases inside the program.
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// The loss to verify. The default is all losses.
    #[arg(long = "loss", value_name = "ID")]
    losses: Vec<String>,
    /// The devices to verify.
    #[arg(long, value_enum, default_value = "all")]
    device: Devices,
    /// How floats are stored. For f16 and bf16 the operands are rounded, and the CPU twin computes in f64 what is
    /// expected of the rounded operands. The tolerance of a stored gradient grows by half a unit in its last place.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtypes,
    /// Run only one case in N of each loss, at least one: a short check.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    one_in: u32,
    /// Count the cases of unknown losses as failed.
    #[arg(long)]
    strict: bool,
    /// After a case fails, skip the rest of its loss's cases.
    #[arg(long)]
    fail_fast: bool,
    /// The .json file for a report that you can attach to an issue: the adapter and its driver, the system, and the
    /// results, accuracy and failures of each loss. It names no users, hosts or folders. It is also written while cases
    /// run, so that it says what was running if a driver hangs.
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
    /// Check a new driver: instead of the cases, run calls that are drawn from a seed, and compare each with the CPU
    /// twin. They cover the sizes where kernels change, every option, dtype and kind of input, NaN and infinities, bad
    /// labels, added gradients, operands larger than a binding, small grids, shards of a batch, and more than 2^24
    /// elements.
    #[arg(long, conflicts_with_all = ["cases", "device", "dtype", "report", "accuracy", "one_in"])]
    thorough: bool,
    /// How many seconds `--thorough` may take. It prints how many calls it skipped.
    #[arg(long, value_name = "N", requires = "thorough")]
    seconds: Option<u64>,
    /// The seed of `--thorough`.
    #[arg(long, value_name = "N", requires = "thorough", default_value_t = 1)]
    seed: u64,
    /// Run this call of `--thorough` alone. The line of a failed call has its name after `FAILED`, such as `mse:17`. The
    /// same seed and name give the same call on every machine.
    #[arg(long = "call", value_name = "LOSS:N", requires = "thorough", conflicts_with = "losses")]
    calls: Vec<String>,
    /// Print the greatest relative error of each loss on the GPU, compared with the CPU twin, over inputs for which f32 may
    /// lose digits.
    #[arg(long, conflicts_with_all = ["cases", "device", "dtype", "report", "one_in"])]
    accuracy: bool,
}

/// The devices to verify.
#[derive(Clone, Copy, ValueEnum)]
enum Devices {
    /// The CPU twins.
    Cpu,
    /// The GPU.
    Gpu,
    /// Both.
    All,
}

impl Devices {
    fn list(self) -> &'static [Device] {
        match self {
            Devices::Cpu => &[Device::Cpu],
            Devices::Gpu => &[Device::Gpu],
            Devices::All => &[Device::Cpu, Device::Gpu],
        }
    }
}

/// A device and the ways to pass operands to it, or why it could not be opened.
type Opened = (Device, wgloss::Result<Vec<Way>>);

/// The cases of a loss, and their tensors.
type ReadSuite<'a> = (Suite, SafeTensors<'a>);

impl Verify {
    /// Runs the cases, or the calls of `--thorough` or `--accuracy`, and prints the results.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        if self.thorough {
            let time = self.seconds.map(Duration::from_secs);
            let checks = thorough::chosen(self.seed, &self.named()?, &self.calls)?;
            return thorough::run(&checks, self.seed, time, self.threads().min(checks.len()).max(1), out);
        }
        if self.accuracy {
            return sweep::run(&self.named()?, out);
        }
        self.check_report()?;
        let sources = source::sources(self.cases.as_deref())?;
        let mut suites = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if let Some(unknown) = self.losses.iter().find(|id| !suites.iter().any(|(suite, _)| suite.loss == **id)) {
            // a loss of a misspelt name gets a suggestion
            self.named()?;
            return Err(Failure::Input(format!("there are no cases of the loss `{unknown}` in this build or folder")));
        }
        suites.retain(|(suite, _)| self.losses.is_empty() || self.losses.contains(&suite.loss));

        let runs = self.device.list().len() * self.dtype.list().len();
        let threads = self.threads().min(suites.len()).max(1);
        let progress = Progress::new(suites.iter().map(|(suite, _)| self.counted(suite) * runs).sum(), threads);
        let mut report = self.report.as_deref().map(|place| Report::new(place, self.device, self.cases.is_some()));
        let (total, missing) = self.suites(&suites, &progress, report.as_mut(), out)?;
        progress.finish();
        if let Some(report) = report {
            report.finish(missing.as_ref())?;
            writeln!(out, "report: {}", report.place())?;
        }
        writeln!(out, "{} passed, {} failed", total.passed, total.failed)?;
        match missing {
            Some(error) => Err(error.into()),
            None if total.failed > 0 => Err(Failure::Failed),
            None => Ok(()),
        }
    }

    /// The losses named in the arguments. Refuses unknown ones.
    fn named(&self) -> Result<Vec<String>, Failure> {
        match self.losses.iter().find(|id| wgloss::by_id(id).is_none()) {
            Some(unknown) => Err(Failure::Input(losses::unknown(unknown, &losses::ids()))),
            None => Ok(self.losses.clone()),
        }
    }

    /// Refuses a report that cannot be written, or would overwrite a list of cases.
    fn check_report(&self) -> Result<(), Failure> {
        let Some(place) = &self.report else { return Ok(()) };
        let target = output::check(place, &[".json"])?;
        let cases = self.cases.as_ref().and_then(|folder| std::fs::canonicalize(folder).ok());
        match target.parent().filter(|parent| target.exists() && cases.as_deref() == Some(*parent)) {
            Some(_) => Err(Failure::Input(format!("{place}: is a file of cases"))),
            None => Ok(()),
        }
    }

    /// One thread per core; one in all on a GL adapter, which only one thread can use at a time.
    fn threads(&self) -> usize {
        let on_gl = || wgloss::adapters().iter().any(|adapter| adapter.chosen && adapter.info.backend == Backend::Gl);
        let gpu = self.device.list().contains(&Device::Gpu);
        if gpu && on_gl() { 1 } else { thread::available_parallelism().map_or(1, usize::from) }
    }

    /// Runs the cases of all losses, one thread per slot, and prints each loss when it is done. The order depends on
    /// the machine. Returns the counts, and why a device is missing, if one is.
    fn suites(
        &self,
        suites: &[ReadSuite<'_>],
        progress: &Progress,
        report: Option<&mut Report>,
        out: &mut impl Write,
    ) -> Result<(Counts, Option<wgloss::Error>), Failure> {
        let next = AtomicUsize::new(0);
        // start with the losses that have the most cases, so that no thread is busy with one of them at the end
        let mut order: Vec<usize> = (0..suites.len()).collect();
        order.sort_by_key(|&place| Reverse(suites[place].0.len()));
        let (sender, receiver) = mpsc::channel();
        // a driver compiles for a device on one thread at a time, so each thread opens its own device
        let work = |sender: mpsc::Sender<Entry>, slot: Slot<'_>| {
            slot.start("opening the device".into());
            let devices: Vec<Opened> = self.device.list().iter().map(|&device| (device, device.open())).collect();
            while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                // sending fails once printing has failed
                if !self.suite(&suites[place], &devices, &slot, &|entry| sender.send(entry).is_ok()) {
                    break;
                }
            }
            slot.finish();
            devices.into_iter().find_map(|(_, opened)| opened.err())
        };
        thread::scope(|scope| {
            let workers = progress.slots().map(|slot| (slot, sender.clone(), &work));
            let workers: Vec<_> = workers.map(|(slot, sender, work)| scope.spawn(move || work(sender, slot))).collect();
            drop(sender);
            let total = print(receiver, progress, report, out)?;
            let missing = workers.into_iter().filter_map(|worker| match worker.join() {
                Ok(missing) => missing,
                Err(panic) => panic::resume_unwind(panic),
            });
            Ok((total, missing.reduce(|first, _| first)))
        })
    }

    /// How many of a loss's cases to run.
    fn counted(&self, suite: &Suite) -> usize {
        suite.len().div_ceil(self.one_in as usize)
    }

    /// Runs the cases of a loss in each dtype on each device, and sends the results. False if nobody receives them.
    fn suite(
        &self,
        (suite, tensors): &ReadSuite<'_>,
        devices: &[Opened],
        slot: &Slot<'_>,
        send: &dyn Fn(Entry) -> bool,
    ) -> bool {
        let (loss, count) = (&suite.loss, self.counted(suite));
        let Some(known) = wgloss::by_id(loss) else {
            let runs = devices.len() * self.dtype.list().len();
            slot.advance(count * runs);
            let failed = if self.strict { count * runs } else { 0 };
            return send(Entry::new(loss, Outcome::Unknown { cases: count, failed }));
        };
        let cases: Vec<_> = suite.cases(known.header(), tensors).into_iter().step_by(self.one_in as usize).collect();
        for &dtype in self.dtype.list() {
            slot.start(format!("{loss} in {dtype}"));
            let cases: Vec<_> = cases.iter().map(|case| dtype::stored_as(case, dtype)).collect();
            for (device, opened) in devices {
                let label = self.dtype.label(device.name(), dtype);
                let mut entry = Entry::on(loss, device.name(), dtype, label);
                let Ok(ways) = opened else {
                    slot.advance(count);
                    entry.outcome = Outcome::Missing { failed: count };
                    if !send(entry) {
                        return false;
                    }
                    continue;
                };
                slot.start(format!("{loss} on {} in {dtype}", device.name()));
                let start = Instant::now();
                for (done, case) in cases.iter().enumerate() {
                    slot.start_case(&case.name);
                    entry.count(&case.name, block_on(Trial::run(ways, case)));
                    slot.advance(1);
                    if self.fail_fast && entry.counts().failed > 0 {
                        slot.advance(cases.len() - done - 1);
                        break;
                    }
                }
                entry.took(start.elapsed());
                if !send(entry) {
                    return false;
                }
            }
        }
        true
    }
}

/// Prints entries as they arrive, prints lines about slow losses, and keeps the report up to date. Owns the receiver, so that
/// after a failed write nothing receives entries, and the threads that send them stop.
fn print(
    entries: Receiver<Entry>,
    progress: &Progress,
    mut report: Option<&mut Report>,
    out: &mut impl Write,
) -> Result<Counts, Failure> {
    let mut total = Counts::default();
    loop {
        match entries.recv_timeout(TICK) {
            Ok(entry) => {
                progress.without_bar(|| entry.write(out).and_then(|()| out.flush()))?;
                total.add(entry.counts());
                if let Some(report) = &mut report {
                    report.add(entry);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(total),
        }
        for line in progress.slow(Instant::now()) {
            // ignore a closed standard error
            progress.without_bar(|| writeln!(io::stderr(), "{line}").unwrap_or_default());
        }
        if let Some(report) = &mut report {
            report.write_if_due(progress, TICK)?;
        }
    }
}

fn read(source: &Source) -> Result<ReadSuite<'_>, Failure> {
    wgloss_cases::read(&source.name, &source.json, &source.tensors).map_err(Failure::Input)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that sends its text to a channel.
    struct Line(mpsc::Sender<String>);

    impl Write for Line {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8_lossy(bytes).into()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_loss_is_printed_while_others_still_run() {
        let (entries, receiver) = mpsc::channel();
        let (written, lines) = mpsc::channel();
        let entry = |loss: &str| Entry::new(loss, Outcome::Unknown { cases: 2, failed: 2 });
        let progress = Progress::new(4, 1);
        thread::scope(|scope| {
            let progress = &progress;
            let printer = scope.spawn(move || print(receiver, progress, None, &mut Line(written)).unwrap());
            let printed = || lines.recv_timeout(Duration::from_secs(60)).unwrap();
            entries.send(entry("nll")).unwrap();
            let mut text = printed();
            while !text.ends_with("2 cases not run\n") {
                text += &printed();
            }
            assert!(text.starts_with("nll "), "{text}");
            // `nll` was printed before `l1`, although `l1` comes first in the alphabet
            entries.send(entry("l1")).unwrap();
            drop(entries);
            assert_eq!(printer.join().unwrap().failed, 4);
        });
    }

    #[test]
    fn after_a_failed_write_no_entry_is_received() {
        let (entries, receiver) = mpsc::channel();
        let (written, lines) = mpsc::channel();
        drop(lines);
        let entry = || Entry::new("nll", Outcome::Unknown { cases: 2, failed: 2 });
        entries.send(entry()).unwrap();
        assert!(print(receiver, &Progress::new(2, 1), None, &mut Line(written)).is_err());
        assert!(entries.send(entry()).is_err());
    }
}
