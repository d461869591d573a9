//! `wgloss verify --thorough`: runs calls that are drawn from a seed, and compares each with the CPU twin.

use super::progress::{Progress, Slot};
use crate::failure::Failure;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use wgloss_checks::devices::Devices;
use wgloss_checks::thorough::{Check, Kind, checks, count};

/// The index of a check, and its result.
type Ran = (usize, Result<(), String>);

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
        slot.start("opening the devices".into());
        let devices = Devices::open()?;
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(check) = checks.get(place).filter(|_| in_time()) else { break };
            slot.start(format!("{}: {}", check.name(), check.kind.name()));
            let ran = by_name(check, &devices);
            slot.advance(1);
            if sender.send((place, ran)).is_err() {
                break;
            }
        }
        slot.finish();
        Ok(())
    };
    let mut passed: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut failed: BTreeMap<Kind, usize> = BTreeMap::new();
    thread::scope(|scope| {
        let workers = progress.slots().map(|slot| (slot, sender.clone(), &work));
        let workers: Vec<_> = workers.map(|(slot, sender, work)| scope.spawn(move || work(sender, slot))).collect();
        drop(sender);
        loop {
            match receiver.recv_timeout(super::TICK) {
                Ok((place, Ok(()))) => *passed.entry(checks[place].kind).or_default() += 1,
                Ok((place, Err(why))) => {
                    let check = &checks[place];
                    *failed.entry(check.kind).or_default() += 1;
                    let line =
                        format!("FAILED {}, {}: {why}\n    {}", check.name(), check.kind.name(), check.describe());
                    progress.aside(|| writeln!(out, "{line}").and_then(|()| out.flush()))?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            for line in progress.slow(Instant::now()) {
                // ignore a closed standard error
                progress.aside(|| writeln!(io::stderr(), "{line}").unwrap_or_default());
            }
        }
        for worker in workers {
            worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?;
        }
        Ok::<(), Failure>(())
    })?;
    progress.finish();
    let of = |counts: &BTreeMap<Kind, usize>, kind| counts.get(&kind).copied().unwrap_or(0);
    for (kind, all) in count(checks) {
        let (passed, failed) = (of(&passed, kind), of(&failed, kind));
        let left_out = all - passed - failed;
        let note = if left_out > 0 { format!(", {left_out} left out for lack of time") } else { String::new() };
        writeln!(out, "{:<20} {passed} passed, {failed} failed{note}", kind.name())?;
    }
    let (passed, failed) = (passed.values().sum::<usize>(), failed.values().sum::<usize>());
    let left_out = checks.len() - passed - failed;
    writeln!(
        out,
        "seed {seed}, {} seconds: {passed} passed, {failed} failed, {left_out} left out",
        begun.elapsed().as_secs()
    )?;
    if failed > 0 { Err(Failure::Failed) } else { Ok(()) }
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
