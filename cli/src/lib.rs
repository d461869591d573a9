//! The `wgloss` program: lists GPU adapters, verifies the kernels on them, evaluates losses of files, draws landscapes.
//!
//! It is a library only so that fuzz targets can call the code that reads files and arguments. `main.rs` only calls [`main`].

mod bar;
#[cfg(unix)]
mod before_main;
mod bench;
mod compare;
mod describe;
mod device;
mod devices;
mod eval;
mod expression;
mod failure;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod kernel;
mod landscape;
mod list;
mod losses;
mod manual;
mod metric;
mod stdout;
mod suggest;
mod verify;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit status, as the help and the manual explain it.
const STATUS: &str = "\
Exit status:
  0    success
  1    a call was refused, a case failed, a device is missing, or the output is closed
  2    an argument or a file cannot be used
  141  the reader of the output left";

/// Loss functions on the GPU: values and gradients, each proven by a CPU twin.
#[derive(Parser)]
#[command(name = "wgloss", version, after_help = STATUS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the GPU adapters with the limits and features that the losses use, and which one would be used.
    Devices,
    /// Find tasks and losses by words.
    List(list::List),
    /// Say what a loss is: its formula, operands, options, errors and paper.
    Describe(describe::Describe),
    /// Evaluate a loss of tensors in files, and its gradients. With a loss, --help is about that loss.
    Eval(eval::Eval),
    /// Evaluate one loss of the predictions of several checkpoints, side by side.
    Compare(compare::Compare),
    /// Count the predictions of tensors in files: the accuracy, or a confusion matrix and the scores of its classes.
    Metric(metric::Metric),
    /// Run the conformance cases. Each loss is printed when it is done; the last line is `N passed, N failed`.
    Verify(verify::Verify),
    /// Measure how fast the losses are on this machine's GPU, compared with copying memory and with PyTorch.
    Bench(bench::Bench),
    /// Print the kernels that compute a loss: files, bindings, workgroups and text. It needs no GPU.
    Kernel(kernel::Kernel),
    /// Draw a loss over a grid, a function of your own (--wgsl) or the numbers of a file (--grid), as a surface with its
    /// contours.
    Landscape(landscape::Landscape),
    /// Print a script that completes arguments in a shell.
    Completions(manual::Completions),
    /// Print the manual page, or write a page for each command into a folder.
    Man(manual::Man),
}

/// Runs the program with the arguments that the process was started with.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut out = stdout::lock();
    let done = match manual::parse(&arguments).command {
        Command::Devices => devices::run(&mut out),
        Command::List(list) => list.run(&mut out),
        Command::Describe(describe) => describe.run(&mut out),
        Command::Eval(eval) => eval.run(&mut out),
        Command::Compare(compare) => compare.run(&mut out),
        Command::Metric(metric) => metric.run(&mut out),
        Command::Verify(verify) => verify.run(&mut out),
        Command::Bench(bench) => bench.run(&mut out),
        Command::Kernel(kernel) => kernel.run(&mut out),
        Command::Landscape(landscape) => landscape.run(&mut out),
        Command::Completions(completions) => completions.run(&mut out),
        Command::Man(man) => man.run(&mut out),
    };
    match done.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_silent() {
                // if standard error is closed, there is nowhere left to report it
                let _ = writeln!(io::stderr(), "error: {failure}");
            }
            failure.exit_code()
        }
    }
}
