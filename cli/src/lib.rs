//! The `wgloss` program: lists GPU adapters, verifies the kernels on them, evaluates losses of files, draws landscapes.
//!
//! It is a library only so that fuzz targets can call how it reads files and arguments. `main.rs` only calls [`main`].

mod device;
mod devices;
mod eval;
mod failure;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod kernel;
mod landscape;
mod list;
mod slices;
mod stdout;
mod verify;

use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// Loss functions on the GPU: values and gradients, each proven by a CPU twin.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the GPU adapters with the limits and features that the losses use, and which one would be used.
    Devices,
    /// Run the conformance cases. Each loss is printed when it is done; the last line is `N passed, N failed`.
    Verify(verify::Verify),
    /// Evaluate a loss of tensors in files, and its gradients.
    Eval(eval::Eval),
    /// Say which loss is for which task.
    List(list::List),
    /// Print the kernels that a loss comes to: files, bindings, workgroups and text. It needs no GPU.
    Kernel(kernel::Kernel),
    /// Draw a loss over a grid as a surface with its contours.
    Landscape(landscape::Landscape),
}

/// Runs the program with the arguments that the process was started with.
pub fn main() -> ExitCode {
    let mut out = stdout::lock();
    let done = match Arguments::parse().command {
        Command::Devices => devices::run(&mut out),
        Command::Verify(verify) => verify.run(&mut out),
        Command::Eval(eval) => eval.run(&mut out),
        Command::List(list) => list.run(&mut out),
        Command::Kernel(kernel) => kernel.run(&mut out),
        Command::Landscape(landscape) => landscape.run(&mut out),
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
