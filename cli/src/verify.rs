//! `wgloss verify`: the conformance cases on each device.

mod accuracy;
mod case;
mod dtype;
mod entry;
mod judge;
mod machine;
mod progress;
mod report;
mod source;
mod sweep;
mod thorough;
mod trial;

use crate::device::{Device, Way};
use crate::failure::Failure;
use crate::files::output;
use ::safetensors::SafeTensors;
use case::Suite;
use clap::{Args, ValueEnum};
use dtype::Dtypes;
use entry::{Entry, Outcome};
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
use trial::{Tally, Trial};
use wgloss::wgpu::Backend;

/// How often is looked after what runs, where no loss ends meanwhile.
const TICK: Duration = Duration::from_secs(1);

/// The arguments of `wgloss verify`.
#[derive(Args)]
pub struct Verify {
    /// A directory of cases, instead of those that the program carries.
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// The loss to verify; all where none is named.
    #[arg(long = "loss", value_name = "ID")]
    losses: Vec<String>,
    /// Where to run them.
    #[arg(long, value_enum, default_value = "all")]
    device: Devices,
    /// How floats are stored. In f16 and bf16 the operands are rounded, so that what should come of a case is what the CPU
    /// twin makes of the rounded numbers in f64; a gradient may be off by half a unit in its last place more.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtypes,
    /// Count the cases of losses that the library does not know as failed.
    #[arg(long)]
    strict: bool,
    /// Leave the rest of a loss's cases out after one that fails.
    #[arg(long)]
    fail_fast: bool,
    /// The .json file to write a report to, for you to attach to an issue: the adapter and its driver, the system, and for each
    /// loss its results, its accuracy and its failures. It has no names of users, hosts or folders. It is written while cases
    /// run, too, so that it says what was running where a driver hangs.
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
    /// Run calls that are drawn from a seed instead of the cases, each judged by the CPU twin: the sizes where kernels change, every
    /// option, dtype and way in, NaN and infinities, bad labels, added gradients, operands beyond a binding, pieces of a whole,
    /// more than 2^24 elements. It is the check of a new driver.
    #[arg(long, conflicts_with_all = ["cases", "device", "dtype", "report", "accuracy"])]
    thorough: bool,
    /// How many seconds `--thorough` may take; what is left out then is said.
    #[arg(long, value_name = "N", requires = "thorough")]
    seconds: Option<u64>,
    /// The seed of the calls that `--thorough` draws.
    #[arg(long, value_name = "N", requires = "thorough", default_value_t = 1)]
    seed: u64,
    /// Print how many digits each loss keeps on the GPU, beside the CPU twin, over inputs that cost digits.
    #[arg(long, conflicts_with_all = ["cases", "device", "dtype", "report"])]
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

/// A device with its ways in, or why there is none.
type Opened = (Device, wgloss::Result<Vec<Way>>);

/// The cases of a loss, and their tensors.
type Read<'a> = (Suite, SafeTensors<'a>);

impl Verify {
    /// Runs the cases and reports them.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        if self.thorough {
            let time = self.seconds.map(Duration::from_secs);
            return thorough::run(&self.named()?, self.seed, time, self.threads(), out);
        }
        if self.accuracy {
            return sweep::run(&self.named()?, out);
        }
        self.check_report()?;
        let sources = source::sources(self.cases.as_deref())?;
        let mut suites = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if let Some(unknown) = self.losses.iter().find(|id| !suites.iter().any(|(suite, _)| suite.loss == **id)) {
            return Err(Failure::Input(format!("there are no cases of a loss `{unknown}`")));
        }
        suites.retain(|(suite, _)| self.losses.is_empty() || self.losses.contains(&suite.loss));

        let runs = self.device.list().len() * self.dtype.list().len();
        let threads = self.threads().min(suites.len()).max(1);
        let progress = Progress::new(suites.iter().map(|(suite, _)| suite.len() * runs).sum(), threads);
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

    /// The losses that are named, which there have to be.
    fn named(&self) -> Result<Vec<String>, Failure> {
        match self.losses.iter().find(|id| wgloss::by_id(id).is_none()) {
            Some(unknown) => Err(Failure::Input(format!("there is no loss `{unknown}`"))),
            None => Ok(self.losses.clone()),
        }
    }

    /// Refuses a report that cannot be written, or that would overwrite a list of cases.
    fn check_report(&self) -> Result<(), Failure> {
        let Some(place) = &self.report else { return Ok(()) };
        let target = output::check(place, &[".json"])?;
        let cases = self.cases.as_ref().and_then(|folder| std::fs::canonicalize(folder).ok());
        match target.parent().filter(|parent| target.exists() && cases.as_deref() == Some(*parent)) {
            Some(_) => Err(Failure::Input(format!("{place}: is one of the cases that are read"))),
            None => Ok(()),
        }
    }

    /// As many as there are cores, but for an adapter of GL's, which is used by one thread at a time.
    fn threads(&self) -> usize {
        let on_gl = || wgloss::adapters().iter().any(|adapter| adapter.chosen && adapter.info.backend == Backend::Gl);
        let gpu = self.device.list().contains(&Device::Gpu);
        if gpu && on_gl() { 1 } else { thread::available_parallelism().map_or(1, usize::from) }
    }

    /// Runs the cases of all losses on as many threads as there are slots, and prints each loss as soon as it is done: in
    /// which order they end hangs on the machine. Also gives why a device is not there, where one is not.
    fn suites(
        &self,
        suites: &[Read<'_>],
        progress: &Progress,
        report: Option<&mut Report>,
        out: &mut impl Write,
    ) -> Result<(Tally, Option<wgloss::Error>), Failure> {
        let next = AtomicUsize::new(0);
        // the most cases first, so that no thread is left with them at the end
        let mut order: Vec<usize> = (0..suites.len()).collect();
        order.sort_by_key(|&place| Reverse(suites[place].0.len()));
        let (sender, receiver) = mpsc::channel();
        // a driver compiles for one device on one thread: each has its own
        let work = |sender: mpsc::Sender<Entry>, slot: Slot<'_>| {
            slot.starts("opening the device".into());
            let devices: Vec<Opened> = self.device.list().iter().map(|&device| (device, device.open())).collect();
            while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                // nobody listens any more where an entry could not be printed
                if !self.suite(&suites[place], &devices, &slot, &|entry| sender.send(entry).is_ok()) {
                    break;
                }
            }
            slot.ends();
            devices.into_iter().find_map(|(_, opened)| opened.err())
        };
        thread::scope(|scope| {
            let workers = progress.slots().map(|slot| (slot, sender.clone(), &work));
            let workers: Vec<_> = workers.map(|(slot, sender, work)| scope.spawn(move || work(sender, slot))).collect();
            drop(sender);
            let total = tell(&receiver, progress, report, out)?;
            let missing = workers.into_iter().filter_map(|worker| match worker.join() {
                Ok(missing) => missing,
                Err(panic) => panic::resume_unwind(panic),
            });
            Ok((total, missing.reduce(|first, _| first)))
        })
    }

    /// Runs the cases of a loss in each dtype on each device, and sends what each came to; false where nobody listens.
    fn suite(
        &self,
        (suite, tensors): &Read<'_>,
        devices: &[Opened],
        slot: &Slot<'_>,
        send: &dyn Fn(Entry) -> bool,
    ) -> bool {
        let (loss, count) = (&suite.loss, suite.len());
        let Some(known) = wgloss::by_id(loss) else {
            let runs = devices.len() * self.dtype.list().len();
            slot.skips(count * runs);
            let failed = if self.strict { count * runs } else { 0 };
            return send(Entry::new(loss, Outcome::Unknown { cases: count, failed }));
        };
        let cases = suite.cases(known.header(), tensors);
        for &dtype in self.dtype.list() {
            slot.starts(format!("{loss} in {dtype}"));
            let cases: Vec<_> = cases.iter().map(|case| dtype::stored_as(case, dtype)).collect();
            for (device, opened) in devices {
                let label = self.dtype.label(device.name(), dtype);
                let mut entry = Entry::on(loss, device.name(), dtype, label);
                let Ok(ways) = opened else {
                    slot.skips(count);
                    entry.outcome = Outcome::Missing { failed: count };
                    if !send(entry) {
                        return false;
                    }
                    continue;
                };
                slot.starts(format!("{loss} on {} in {dtype}", device.name()));
                let start = Instant::now();
                for (done, case) in cases.iter().enumerate() {
                    slot.goes_on_with(&case.name);
                    entry.count(&case.name, Trial::run(ways, case));
                    slot.skips(1);
                    if self.fail_fast && entry.tally().failed > 0 {
                        slot.skips(cases.len() - done - 1);
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

/// Prints entries as they come, says what takes long, and keeps the report up to date.
fn tell(
    entries: &Receiver<Entry>,
    progress: &Progress,
    mut report: Option<&mut Report>,
    out: &mut impl Write,
) -> Result<Tally, Failure> {
    let mut total = Tally::default();
    loop {
        match entries.recv_timeout(TICK) {
            Ok(entry) => {
                progress.aside(|| entry.write(out).and_then(|()| out.flush()))?;
                total.add(entry.tally());
                if let Some(report) = &mut report {
                    report.add(entry);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(total),
        }
        for line in progress.slow(Instant::now()) {
            // where standard error is closed, nobody waits for it
            progress.aside(|| writeln!(io::stderr(), "{line}").unwrap_or_default());
        }
        if let Some(report) = &mut report {
            report.keep(progress, TICK)?;
        }
    }
}

fn read(source: &Source) -> Result<Read<'_>, Failure> {
    let refuse = |file: &str, why: String| Failure::Input(format!("{}.{file}: {why}", source.name));
    let suite = serde_json::from_slice(&source.json).map_err(|error| refuse("json", error.to_string()))?;
    let tensors = SafeTensors::deserialize(&source.tensors);
    Ok((suite, tensors.map_err(|error| refuse("safetensors", format!("is damaged: {error}")))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written comes out of a channel.
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
            let teller = scope.spawn(move || tell(&receiver, progress, None, &mut Line(written)).unwrap());
            let told = || lines.recv_timeout(Duration::from_secs(60)).unwrap();
            entries.send(entry("nll")).unwrap();
            let mut text = told();
            while !text.ends_with("2 cases not run\n") {
                text += &told();
            }
            assert!(text.starts_with("nll "), "{text}");
            // the alphabet's first is not waited for
            entries.send(entry("l1")).unwrap();
            drop(entries);
            assert_eq!(teller.join().unwrap().failed, 4);
        });
    }
}
