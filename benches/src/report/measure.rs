//! Checks and prepares a case, and runs it until its median is reliable.

use crate::suite::case::{Case, Least};
use crate::suite::ready::{Ready, check, submit};
use crate::suite::stopwatch::{Lap, Stopwatch};
use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;
use wgloss::{Gpu, Job};

/// The most elements of an operand, and the most operations of a value, that the twin checks. It is slow, and uses one
/// thread.
const ELEMENTS: usize = 1 << 24;
const FLOPS: f64 = 2.5e9;

/// A run that takes longer than this is not repeated. It counts as warm-up and as measurement.
const SLOW: Duration = Duration::from_secs(60);

/// How often to run a job.
#[derive(Clone, Copy)]
pub struct Effort {
    fewest: usize,
    most: usize,
    /// The time for all runs. At least `fewest` runs happen, however long they take.
    time: Duration,
    /// The time to warm up.
    warm: Duration,
}

impl Effort {
    /// For a table.
    pub const FULL: Effort =
        Effort { fewest: 7, most: 99, time: Duration::from_millis(1000), warm: Duration::from_millis(150) };
    /// For a quick look.
    pub const QUICK: Effort =
        Effort { fewest: 3, most: 31, time: Duration::from_millis(200), warm: Duration::from_millis(20) };
    /// For a test.
    pub const ONCE: Effort = Effort { fewest: 1, most: 1, time: Duration::ZERO, warm: Duration::ZERO };

    /// The number of runs, if a run takes `wall`.
    fn runs(self, wall: Duration) -> usize {
        ((self.time.as_secs_f64() / wall.as_secs_f64().max(1e-6)) as usize).clamp(self.fewest, self.most)
    }
}

/// The measurements of a case.
pub struct Row {
    /// The case.
    pub case: Case,
    /// The least work.
    pub least: Least,
    /// The loss.
    pub loss: f64,
    /// The times of the value, and of the value with the gradients.
    pub times: [Times; 2],
    /// The numbers of dispatches of both jobs.
    pub dispatches: [usize; 2],
    /// The size of the larger of the two jobs' workspaces, in bytes.
    pub workspace: u64,
}

/// Medians over runs.
pub struct Times {
    /// The number of runs.
    pub runs: usize,
    /// The GPU's time, if the device has timestamps.
    pub gpu: Option<Duration>,
    /// The wall time.
    pub wall: Duration,
    /// The least wall time, which other programs on the machine disturb least.
    pub least_wall: Duration,
    /// The host's time to record and submit.
    pub host: Duration,
}

impl Times {
    /// The GPU's time, or the wall time if there are no timestamps.
    pub fn gpu_or_wall(&self) -> Duration {
        self.gpu.unwrap_or(self.wall)
    }

    /// Runs a job after a warm-up.
    pub fn of(gpu: &Gpu, stopwatch: &Stopwatch, job: &Job, effort: Effort) -> Times {
        let run = || stopwatch.time(|stamps| submit(gpu, job, stamps));
        let mut laps = vec![run()];
        if laps[0].wall < SLOW {
            let mut warm = laps[0].wall;
            while warm < effort.warm {
                warm += run().wall;
            }
            laps = vec![run()];
            // the shortest lap decides how many runs there are, so that one disturbed lap does not end them
            let mut shortest = laps[0].wall;
            while laps.len() < effort.runs(shortest) {
                laps.push(run());
                shortest = shortest.min(laps[laps.len() - 1].wall);
            }
        }
        let of_all = |time: &dyn Fn(&Lap) -> Duration| median(laps.iter().map(time).collect());
        // the GPU's time is given only if every lap has one
        let clocked = laps.iter().all(|lap| lap.gpu.is_some());
        Times {
            runs: laps.len(),
            gpu: clocked.then(|| of_all(&|lap| lap.gpu_or_wall())),
            wall: of_all(&|lap| lap.wall),
            least_wall: laps.iter().map(|lap| lap.wall).min().unwrap_or_default(),
            host: of_all(&|lap| lap.host),
        }
    }
}

/// The cases that were checked: the name at the checked size, with the dtype.
pub type Checked = HashSet<String>;

/// Checks a case and measures it. If the batch is too large for the twin, a smaller batch is checked, unless it was
/// checked before.
pub fn measure(
    gpu: &Gpu,
    stopwatch: &Stopwatch,
    case: &Case,
    effort: Effort,
    checked: &mut Checked,
) -> Result<Row, Box<dyn Error>> {
    let problem = case.problem()?;
    let by_flops = match problem.least {
        Least::Flops([value, _]) => (value / FLOPS).ceil().max(1.0) as usize,
        Least::Bytes(_) => problem.smaller_by(ELEMENTS),
    };
    let small = case.scaled(1, by_flops.next_power_of_two());
    let known = format!("{} {}", small.name(), small.dtype);
    if !checked.contains(&known) {
        match small.shape == case.shape {
            true => check(gpu, &small.name(), &problem)?,
            false => check(gpu, &small.name(), &small.problem()?)?,
        }
        checked.insert(known);
    }

    let ready = Ready::new(gpu, &problem)?;
    let pipelines = gpu.pipelines();
    drop(Ready::new(gpu, &problem)?);
    if gpu.pipelines() != pipelines {
        let made = gpu.pipelines() - pipelines;
        return Err(format!("{}: preparing it again made {made} pipelines, and should make 0", case.name()).into());
    }
    let jobs = [&ready.value, &ready.gradients];
    Ok(Row {
        least: problem.least,
        times: jobs.map(|job| Times::of(gpu, stopwatch, job, effort)),
        loss: f64::from(ready.gradients.outcome().loss().wait()?),
        dispatches: jobs.map(Job::dispatches),
        workspace: jobs.map(Job::workspace).into_iter().max().unwrap_or(0),
        case: case.clone(),
    })
}

impl Row {
    /// The row as a line to print.
    pub fn line(&self) -> String {
        let [value, gradients] = [&self.times[0], &self.times[1]].map(|times| times.gpu_or_wall().as_secs_f64() * 1e3);
        format!("{:<40} value {value:>10.2} ms   with gradients {gradients:>10.2} ms", self.case.name())
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
