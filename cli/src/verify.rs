//! `wgloss verify`: the conformance cases on each device.

mod case;
mod dtype;
mod judge;
mod source;
mod trial;

use crate::device::{Device, Way};
use crate::failure::Failure;
use ::safetensors::SafeTensors;
use case::Suite;
use clap::{Args, ValueEnum};
use dtype::Dtypes;
use indicatif::{ProgressBar, ProgressStyle};
use source::Source;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{panic, thread};
use trial::{Tally, Trial};
use wgloss::wgpu::Backend;

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

/// What the cases of a loss came to, by its place, and the lines that say so.
type Report = (usize, io::Result<(Tally, Vec<u8>)>);

/// The cases of a loss, and their tensors.
type Read<'a> = (Suite, SafeTensors<'a>);

impl Verify {
    /// Runs the cases and reports them.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let sources = source::sources(self.cases.as_deref())?;
        let mut suites = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if let Some(unknown) = self.losses.iter().find(|id| !suites.iter().any(|(suite, _)| suite.loss == **id)) {
            return Err(Failure::Input(format!("there are no cases of a loss `{unknown}`")));
        }
        suites.retain(|(suite, _)| self.losses.is_empty() || self.losses.contains(&suite.loss));

        let runs = self.device.list().len() * self.dtype.list().len();
        let bar = progress(suites.iter().map(|(suite, _)| suite.len() * runs).sum());
        let (total, missing) = self.suites(&suites, &bar, out)?;
        bar.finish_and_clear();
        writeln!(out, "{} passed, {} failed", total.passed, total.failed)?;
        match missing {
            Some(error) => Err(error.into()),
            None if total.failed > 0 => Err(Failure::Failed),
            None => Ok(()),
        }
    }

    /// As many as there are cores, but for an adapter of GL's, which is used by one thread at a time.
    fn threads(&self) -> usize {
        let on_gl = || wgloss::adapters().iter().any(|adapter| adapter.chosen && adapter.info.backend == Backend::Gl);
        let gpu = self.device.list().contains(&Device::Gpu);
        if gpu && on_gl() { 1 } else { thread::available_parallelism().map_or(1, usize::from) }
    }

    /// Runs the cases of all losses, on as many threads as there are cores, and reports them in order. Also gives why a device
    /// is not there, where one is not.
    fn suites(
        &self,
        suites: &[Read<'_>],
        bar: &ProgressBar,
        out: &mut impl Write,
    ) -> Result<(Tally, Option<wgloss::Error>), Failure> {
        let next = AtomicUsize::new(0);
        // the most cases first, so that no thread is left with them at the end
        let mut order: Vec<usize> = (0..suites.len()).collect();
        order.sort_by_key(|&place| Reverse(suites[place].0.len()));
        let (sender, receiver) = mpsc::channel();
        // a driver compiles for one device on one thread: each has its own
        let work = |sender: mpsc::Sender<Report>| {
            let devices: Vec<Opened> = self.device.list().iter().map(|&device| (device, device.open())).collect();
            while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut lines = Vec::new();
                let tally = self.suite(&suites[place], &devices, bar, &mut lines);
                // nobody listens any more where a report could not be written
                if sender.send((place, tally.map(|tally| (tally, lines)))).is_err() {
                    break;
                }
            }
            devices.into_iter().find_map(|(_, opened)| opened.err())
        };
        thread::scope(|scope| {
            let workers: Vec<_> =
                (0..self.threads().min(suites.len()).max(1)).map(|_| (sender.clone(), &work)).collect();
            let workers: Vec<_> = workers.into_iter().map(|(sender, work)| scope.spawn(move || work(sender))).collect();
            drop(sender);
            let (mut total, mut waiting, mut told) = (Tally::default(), BTreeMap::new(), 0);
            for (place, report) in receiver {
                waiting.insert(place, report?);
                while let Some((tally, lines)) = waiting.remove(&told) {
                    bar.suspend(|| out.write_all(&lines))?;
                    total.add(tally);
                    told += 1;
                }
            }
            let missing = workers.into_iter().filter_map(|worker| match worker.join() {
                Ok(missing) => missing,
                Err(panic) => panic::resume_unwind(panic),
            });
            Ok((total, missing.reduce(|first, _| first)))
        })
    }

    /// Runs the cases of a loss on each device, and reports them in a line for each.
    fn suite(
        &self,
        (suite, tensors): &Read<'_>,
        devices: &[Opened],
        bar: &ProgressBar,
        out: &mut impl Write,
    ) -> io::Result<Tally> {
        let (loss, count) = (&suite.loss, suite.len());
        let Some(known) = wgloss::by_id(loss) else {
            let runs = devices.len() * self.dtype.list().len();
            bar.inc((count * runs) as u64);
            writeln!(out, "{loss:<26}      unknown to the library, {count} cases not run")?;
            return Ok(Tally { failed: if self.strict { count * runs } else { 0 }, ..Tally::default() });
        };
        bar.set_message(loss.clone());
        let cases = suite.cases(known.header(), tensors);
        let mut total = Tally::default();
        for &dtype in self.dtype.list() {
            let cases: Vec<_> = cases.iter().map(|case| dtype::stored_as(case, dtype)).collect();
            for (device, opened) in devices {
                let place = self.dtype.label(device.name(), dtype);
                let Ok(ways) = opened else {
                    bar.inc(count as u64);
                    writeln!(out, "{loss:<26} {place}  is not there, {count} cases failed")?;
                    total.failed += count;
                    continue;
                };
                let mut tally = Tally::default();
                let mut failures = Vec::new();
                for case in &cases {
                    let trial = Trial::run(ways, case);
                    tally.count(&trial);
                    let failed = |failure| format!("  FAILED {}: {failure}", case.name);
                    failures.extend(trial.failures.into_iter().map(failed));
                    bar.inc(1);
                }
                report(out, loss, &place, tally, &failures)?;
                total.add(tally);
            }
        }
        Ok(total)
    }
}

fn report(out: &mut impl Write, loss: &str, place: &str, tally: Tally, failures: &[String]) -> io::Result<()> {
    let Tally { passed, failed, worst } = tally;
    writeln!(out, "{loss:<26} {place}  {passed:>3} passed, {failed:>2} failed, worst {worst:.4} of the tolerance")?;
    failures.iter().try_for_each(|failure| writeln!(out, "{failure}"))
}

fn read(source: &Source) -> Result<Read<'_>, Failure> {
    let refuse = |file: &str, why: String| Failure::Input(format!("{}.{file}: {why}", source.name));
    let suite = serde_json::from_slice(&source.json).map_err(|error| refuse("json", error.to_string()))?;
    let tensors = SafeTensors::deserialize(&source.tensors);
    Ok((suite, tensors.map_err(|error| refuse("safetensors", format!("is damaged: {error}")))?))
}

/// A bar on the standard error, where that is a terminal.
fn progress(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}").expect("the template is well-formed");
    ProgressBar::new(length as u64).with_style(style)
}
