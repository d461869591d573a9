//! `wgloss verify --thorough`: runs calls that are drawn from a seed, and compares each with the CPU twin.

use super::progress::{Progress, Slot};
use crate::failure::Failure;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use wgloss_checks::devices::Devices;
use wgloss_checks::thorough::{Check, Kind, checks, count};

/// The index of a check, its result and its time.
type Ran = (usize, Result<(), String>, Duration);

/// How many checks a thread runs on the same devices. A device keeps the pipelines of all calls, which are gigabytes after some
/// thousand calls.
const ON_ONE_DEVICE: usize = 256;

/// The counts and the total time of the checks of a kind.
#[derive(Clone, Copy, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    time: Duration,
}

/// The checks of a seed: all of them, those of some losses, or some by their names.
pub fn chosen(seed: u64, losses: &[String], calls: &[String]) -> Result<Vec<Check>, Failure> {
    if calls.is_empty() {
        return Ok(checks(seed, losses));
    }
    let losses: Vec<String> = calls.iter().filter_map(|call| Some(call.split_once(':')?.0.to_string())).collect();
    let all = checks(seed, &losses);
    match calls.iter().find(|call| !all.iter().any(|check| check.name() == **call)) {
        Some(unknown) => Err(Failure::Input(format!("there is no call `{unknown}`; calls are named `mse:17`"))),
        None => Ok(all.into_iter().filter(|check| calls.contains(&check.name())).collect()),
    }
}

/// Runs as many checks as the time allows. Each thread opens its own devices.
pub fn run(
    checks: &[Check],
    seed: u64,
    time: Option<Duration>,
    threads: usize,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let progress = Progress::new(checks.len(), threads);
    let in_time = || time.is_none_or(|time| begun.elapsed() < time);
    let (sender, receiver) = mpsc::channel::<Ran>();
    let work = |sender: mpsc::Sender<Ran>, slot: Slot<'_>| -> wgloss::Result<()> {
        let mut devices = None;
        for number in 0.. {
            if number % ON_ONE_DEVICE == 0 {
                slot.start("opening the devices".into());
                devices = None;
            }
            let devices = match &devices {
                Some(open) => open,
                None => devices.insert(Devices::open()?),
            };
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(check) = checks.get(place).filter(|_| in_time()) else { break };
            slot.start(format!("{}: {}", check.name(), check.kind.name()));
            let start = Instant::now();
            let ran = by_name(check, devices);
            slot.advance(1);
            if sender.send((place, ran, start.elapsed())).is_err() {
                break;
            }
        }
        slot.finish();
        Ok(())
    };
    let tallies = thread::scope(|scope| {
        let workers = progress.slots().map(|slot| (slot, sender.clone(), &work));
        let workers: Vec<_> = workers.map(|(slot, sender, work)| scope.spawn(move || work(sender, slot))).collect();
        drop(sender);
        let tallies = print(receiver, checks, &progress, out)?;
        for worker in workers {
            worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?;
        }
        Ok::<_, Failure>(tallies)
    })?;
    progress.finish();
    for (kind, all) in count(checks) {
        let Tally { passed, failed, time } = tallies.get(&kind).copied().unwrap_or_default();
        let left_out = all - passed - failed;
        let note = if left_out > 0 { format!(", {left_out} left out for lack of time") } else { String::new() };
        writeln!(out, "{:<20} {passed} passed, {failed} failed{note} ({} s)", kind.name(), time.as_secs())?;
    }
    let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
    let (passed, failed) = (sum(|tally| tally.passed), sum(|tally| tally.failed));
    let left_out = checks.len() - passed - failed;
    writeln!(
        out,
        "seed {seed}, {} seconds: {passed} passed, {failed} failed, {left_out} left out",
        begun.elapsed().as_secs()
    )?;
    if failed > 0 { Err(Failure::Failed) } else { Ok(()) }
}

/// Prints each failed check as its result arrives, prints lines about slow checks, and counts the checks of each kind. Owns the
/// receiver, so that after a failed write nothing receives results, and the threads that send them stop.
fn print(
    results: Receiver<Ran>,
    checks: &[Check],
    progress: &Progress,
    out: &mut impl Write,
) -> Result<BTreeMap<Kind, Tally>, Failure> {
    let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
    loop {
        match results.recv_timeout(super::TICK) {
            Ok((place, ran, time)) => {
                let check = &checks[place];
                let tally = tallies.entry(check.kind).or_default();
                tally.time += time;
                tally.passed += usize::from(ran.is_ok());
                if let Err(why) = ran {
                    tally.failed += 1;
                    let (name, kind) = (check.name(), check.kind.name());
                    let line = format!("FAILED {name}, {kind}: {why}\n    {}", check.describe());
                    progress.without_bar(|| writeln!(out, "{line}").and_then(|()| out.flush()))?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(tallies),
        }
        for line in progress.slow(Instant::now()) {
            // ignore a closed standard error
            progress.without_bar(|| writeln!(io::stderr(), "{line}").unwrap_or_default());
        }
    }
}

/// Runs a check on a thread that has the check's name, so that the message of a panic contains it. A panic fails only this
/// check.
fn by_name(check: &Check, devices: &Devices) -> Result<(), String> {
    let run = || panic::catch_unwind(AssertUnwindSafe(|| check.run(devices)));
    let ran = thread::scope(|scope| {
        let spawned = thread::Builder::new().name(check.name()).spawn_scoped(scope, run);
        spawned.map(|thread| thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
    });
    match ran {
        Ok(ran) => ran.unwrap_or_else(|_| Err("the check panicked".into())),
        Err(error) => Err(format!("no thread could be started: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_write_no_result_is_received() {
        let checks = chosen(1, &["mse".into()], &[]).unwrap();
        let (results, receiver) = mpsc::channel();
        let failed = || (0, Err("a reason".to_string()), Duration::ZERO);
        results.send(failed()).unwrap();
        // no byte fits into this writer
        let mut full: &mut [u8] = &mut [];
        assert!(print(receiver, &checks, &Progress::new(1, 1), &mut full).is_err());
        assert!(results.send(failed()).is_err());
    }
}
