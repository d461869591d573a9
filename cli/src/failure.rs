//! Why the program ends without success, and the exit status that says so.

use std::process::ExitCode;
use std::{fmt, io};

/// Why the program ends without success.
#[derive(Debug)]
pub enum Failure {
    /// An argument or a file cannot be used.
    Input(String),
    /// The library refused the work, or could not do it.
    Refused(wgloss::Error),
    /// What was computed cannot be drawn.
    Drawing(String),
    /// Something that was checked is wrong; it has been reported.
    Failed,
    /// The standard output could not be written.
    Output(io::Error),
}

impl Failure {
    /// The exit status: 2 for what the caller has to give otherwise, 141 for a reader who left, as a shell shows SIGPIPE, 1
    /// for the rest.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Input(_) => 2,
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 141,
            _ => 1,
        })
    }

    /// Whether there is something left to say: not where it was said, nor to a reader who left.
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
            // `eval` has an option for it
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
