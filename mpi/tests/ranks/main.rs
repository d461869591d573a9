//! Losses over many ranks equal those of one GPU. `cargo xtask test-mpi` runs this program on 1 to 4 ranks. Every rank runs
//! every test, in the same order.

mod refusals;
mod spreads;
mod whole;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::time::Duration;
use wgloss_mpi::Comm;
use wgloss_mpi::wgloss::Gpu;

/// A test: its name, and what every rank runs.
type Test = (&'static str, fn(&Comm));

/// Lists functions of a module as tests.
macro_rules! tests {
    ($($function:ident),+ $(,)?) => {
        vec![$((stringify!($function), $function as fn(&wgloss_mpi::Comm))),+]
    };
}
pub(crate) use tests;

fn main() -> ExitCode {
    // filters by test names, as with the usual harness
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut comm = Comm::start(Gpu::new().expect("a GPU")).expect("MPI");
    // a software driver may take minutes to compile kernels when many ranks share a busy core
    comm.set_timeout(Duration::from_secs(900));
    let tests: Vec<Test> = [spreads::tests(), refusals::tests()].concat();
    let mut failed = Vec::new();
    for (name, test) in
        tests.into_iter().filter(|(name, _)| filters.is_empty() || filters.iter().any(|f| name.contains(f)))
    {
        let ended = panic::catch_unwind(AssertUnwindSafe(|| test(&comm)));
        if comm.rank() == 0 {
            println!("{} ranks: {name} ... {}", comm.size(), if ended.is_ok() { "ok" } else { "FAILED" });
        }
        if ended.is_err() {
            eprintln!("rank {}: {name} failed", comm.rank());
            failed.push(name);
        }
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
