//! The `wgloss` program: `lib.rs` has all of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    wgloss_cli::main()
}
