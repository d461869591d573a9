//! A rank dies or hangs: the others get `PeerLost` within the timeout, or MPI ends the job. No rank waits for ever.
//!
//! The test runs `mpirun` on its own program, which with `--as-rank` is one of the ranks.

use std::env;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use wgloss_mpi::Spread::{Batch, Ring};
use wgloss_mpi::wgloss::{Array, CrossEntropy, Gpu, InfoNce};
use wgloss_mpi::{Comm, Error, Spreads};

/// The timeout of the other ranks.
const TIMEOUT: Duration = Duration::from_secs(6);

/// How long a job may take, from its start on a busy machine to the end of the timeout.
const PATIENCE: Duration = Duration::from_secs(180);

const RANKS: usize = 3;

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("--as-rank") => on_rank(&env::args().nth(2).unwrap_or_default()),
        _ => {
            for (fate, recovers) in [("dies", true), ("hangs", true), ("dies", false)] {
                run(fate, recovers);
                println!("a rank that {fate}, {} recovery ... ok", if recovers { "with" } else { "without" });
            }
            ExitCode::SUCCESS
        }
    }
}

/// Runs ranks, the last of which dies or hangs.
fn run(fate: &str, recovers: bool) {
    let mut mpirun = Command::new("mpirun");
    mpirun.args(["--allow-run-as-root", "--oversubscribe", "-n", &RANKS.to_string()]);
    if recovers {
        mpirun.arg("--enable-recovery");
    }
    mpirun.arg(env::current_exe().expect("this program")).args(["--as-rank", fate]);
    let start = Instant::now();
    let mut job = mpirun.stdout(Stdio::piped()).spawn().expect("mpirun starts");
    let ended = loop {
        match job.try_wait().expect("the job is a child") {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                let _ = job.kill();
                panic!("a rank that {fate}: the job hangs");
            }
            None => thread::sleep(Duration::from_millis(50)),
        }
    };
    let output = job.wait_with_output().expect("its output").stdout;
    let said = String::from_utf8_lossy(&output).matches("lost a peer in time").count();
    if recovers {
        assert_eq!(said, RANKS - 1, "ranks that lost a peer: {}", String::from_utf8_lossy(&output));
    } else {
        assert!(!ended.success(), "the job ended as if nothing had happened");
    }
}

fn on_rank(fate: &str) -> ExitCode {
    let mut comm = Comm::start(Gpu::new().expect("a GPU")).expect("MPI");
    let rows = Array::new(&[0.5f32, 0.25, -0.5, 1.0], [2, 2]).expect("an array");
    let labels = Array::new(&[0i32, 1], [2]).expect("an array");
    let mean = CrossEntropy::default().of(&rows, &labels).spread(Batch);
    let pairs = InfoNce::default().of(&rows, &rows).spread(Ring);
    // compiles the kernels, which may take longer than the timeout
    comm.gradients(&mean, [&rows]).expect("all ranks are there");
    comm.gradients(&pairs, [&rows]).expect("all ranks are there");
    if comm.rank() == RANKS - 1 {
        match fate {
            "hangs" => thread::sleep(4 * TIMEOUT),
            // dies as a killed process does: no destructor runs
            _ => std::process::abort(),
        }
        return ExitCode::SUCCESS;
    }
    comm.set_timeout(TIMEOUT);
    let start = Instant::now();
    let first = comm.gradients(&pairs, [&rows]);
    let waited = start.elapsed();
    // every further call gives the error at once
    let (again, second) = (Instant::now(), comm.value(&mean));
    let lost = Error::PeerLost { seconds: TIMEOUT.as_secs_f32() };
    let in_time = waited < 2 * TIMEOUT && again.elapsed() < TIMEOUT;
    if first.map(drop) == Err(lost.clone()) && second == Err(lost) && in_time {
        println!("rank {}: lost a peer in time", comm.rank());
    } else {
        println!("rank {}: no peer lost after {waited:?}", comm.rank());
    }
    ExitCode::SUCCESS
}
