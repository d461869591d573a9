//! Why the program fails, and its exit status.

use std::process::ExitCode;
use std::{fmt, io};

/// Why the program fails.
#[derive(Debug)]
pub enum Failure {
    /// An argument or a file cannot be used.
    Input(String),
    /// The library returned an error.
    Refused(wgloss::Error),
    /// The picture cannot be drawn.
    Drawing(String),
    /// A check failed, and was already reported.
    Failed,
    /// The standard output could not be written.
    Output(io::Error),
}

impl Failure {
    /// The exit status: 2 for bad arguments or files, 141 if the reader of the output left (as a shell shows SIGPIPE),
    /// else 1.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Input(_) => 2,
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 141,
            _ => 1,
        })
    }

    /// Whether to print nothing: the failure was already reported, or the reader left.
    pub fn is_silent(&self) -> bool {
        match self {
            Failure::Failed => true,
            Failure::Output(error) => error.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(message) => f.write_str(message),
            // `eval` has an option for this limit
            Failure::Refused(error @ wgloss::Error::TooLarge { what, .. }) if what.contains("on the CPU") => {
                write!(f, "{error}; --memory GIB allows more")
            }
            Failure::Refused(error) => error.fmt(f),
            Failure::Drawing(why) => write!(f, "it cannot be drawn: {why}"),
            Failure::Failed => f.write_str("failed"),
            Failure::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}

impl From<wgloss::Error> for Failure {
    fn from(error: wgloss::Error) -> Failure {
        Failure::Refused(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}
