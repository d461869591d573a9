//! The report of `cargo xtask bench`, as a benchmark that cargo builds.
//!
//! It writes to the folder that `--out` names. Under `cargo bench` without `--out` it measures nothing, so that
//! only Criterion runs. Under `cargo test` it measures the cases of three losses once, on small inputs.

use std::process::{ExitCode, Stdio};
use wgloss_bench::report::{Arguments, merge, report, run_tuned};

fn main() -> ExitCode {
    let arguments = Arguments::parse(std::env::args().skip(1), env!("CARGO_TARGET_TMPDIR"));
    let ended = arguments.map_err(Into::into).and_then(|arguments| match arguments {
        Some(Arguments { merge: Some(folder), .. }) => merge(&folder),
        Some(Arguments { tuned: true, .. }) => {
            let status = run_tuned(std::env::args_os().skip(1).filter(|word| word != "--tuned"), Stdio::inherit())?;
            if status.success() { Ok(()) } else { Err(format!("the tuned run ended with {status}").into()) }
        }
        Some(arguments) => report(&arguments, &mut std::io::stdout())?.wrong.map_or(Ok(()), Err),
        None => {
            println!("the report is made by `cargo xtask bench`");
            Ok(())
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
