//! `cargo xtask`: runs the demo, all checks, benchmarks, platforms, fuzzing and mutants of this project, on a machine
//! that needs only Rust.

mod adapter;
mod args;
mod bench;
mod checks;
mod demo;
mod distribution;
mod fuzz;
mod mpi;
mod mutants;
mod new_loss;
#[cfg(test)]
mod packages;
mod platforms;
mod record;
mod run;
mod test;
mod web;

use std::process::ExitCode;

use args::{Request, USAGE};
use run::Stop;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let outcome = match args::parse(arguments) {
        Ok(Request::Help) => {
            print!("{USAGE}");
            Ok(())
        }
        Ok(Request::Demo(install)) => demo::demo(install),
        Ok(Request::Test(install)) => test::test(install),
        Ok(Request::TestBurn(install)) => test::test_apart(install, checks::checks_of_burn()),
        Ok(Request::TestMpi(install)) => {
            mpi::set_up(install).and_then(|()| test::test_apart(install, checks::checks_of_mpi()))
        }
        Ok(Request::TestWeb(install, name)) => web::test(install, name.as_deref()),
        Ok(Request::Web(install, what)) => web::web(install, what),
        Ok(Request::Bench(install, options)) => bench::bench(install, &options),
        Ok(Request::ListPlatforms) => platforms::list(),
        Ok(Request::WriteTables) => platforms::tables(),
        Ok(Request::Fuzz(arguments)) => fuzz::fuzz(&arguments),
        Ok(Request::Platforms(install, rows)) => platforms::platforms(install, &rows),
        Ok(Request::Record(file)) => record::record(&file),
        Ok(Request::Compare(before, after)) => record::compare(&before, &after),
        Ok(Request::NewLoss(family, id)) => new_loss::new_loss(&family, &id),
        Ok(Request::Mutants(install, options)) => mutants::mutants(install, &options),
        Err(complaint) => {
            eprint!("{complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Failed(why)) => {
            eprintln!("failed: {why}");
            ExitCode::from(1)
        }
        Err(Stop::NoAdapter(why)) => {
            eprintln!("no usable GPU adapter: {why}");
            ExitCode::from(2)
        }
    }
}
