//! Why the program fails, and its exit status.

use std::process::ExitCode;
use std::{fmt, io};
use wgloss::Error;

/// Why the program fails.
#[derive(Debug)]
pub enum Failure {
    /// An argument or a file cannot be used.
    Input(String),
    /// The library returned an error.
    Refused(wgloss::Error),
    /// The library returned an error about a number, whose index along each axis of its operand is this.
    RefusedAt(Vec<u64>, wgloss::Error),
    /// One of many evaluations fails: its files or its line, and why.
    Within(String, Box<Failure>),
    /// A failure, and an argument that helps.
    Advised(Box<Failure>, String),
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
            Failure::Within(_, failure) | Failure::Advised(failure, _) => return failure.exit_code(),
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 141,
            _ => 1,
        })
    }

    /// The failure of an operand of this shape, which begins with item `first` of its file. An error about a number gets the
    /// number's index along each axis.
    pub fn at(error: Error, shape: &[usize], first: usize) -> Failure {
        let position = match &error {
            // where probabilities don't add up to 1, the position is not that of an element
            Error::TargetOutOfRange { expected, .. } if expected.contains("add up") => return Failure::Refused(error),
            Error::LabelOutOfRange { position, .. }
            | Error::TargetOutOfRange { position, .. }
            | Error::NotFinite { position, .. } => *position,
            _ => return Failure::Refused(error),
        };
        let mut rest = position;
        let mut index: Vec<u64> = Vec::new();
        for &length in shape.iter().rev() {
            let length = length.max(1) as u64;
            index.insert(0, rest % length);
            rest /= length;
        }
        match index.first_mut() {
            // the position lies within the shape
            Some(item) if rest == 0 => {
                *item += first as u64;
                Failure::RefusedAt(index, error)
            }
            _ => Failure::Refused(error),
        }
    }

    /// The failure as that of one evaluation among many, with the line or the file in front.
    pub fn within(self, place: impl Into<String>) -> Failure {
        Failure::Within(place.into(), Box::new(self))
    }

    /// The failure with advice behind it.
    pub fn advised(self, advice: impl Into<String>) -> Failure {
        Failure::Advised(Box::new(self), advice.into())
    }

    /// The loss and the operand that an error of the library names, if any.
    pub fn operand(&self) -> Option<(&'static str, &str)> {
        match self {
            Failure::Refused(error) | Failure::RefusedAt(_, error) => operand(error),
            Failure::Within(_, failure) | Failure::Advised(failure, _) => failure.operand(),
            _ => None,
        }
    }

    /// Whether to print nothing: the failure was already reported, or the reader left.
    pub fn is_silent(&self) -> bool {
        match self {
            Failure::Failed => true,
            Failure::Within(_, failure) | Failure::Advised(failure, _) => failure.is_silent(),
            Failure::Output(error) => error.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }
}

/// The loss and the operand that an error names, if any.
pub fn operand(error: &Error) -> Option<(&'static str, &str)> {
    match error {
        Error::ShapeMismatch { loss, operand, .. }
        | Error::LabelOutOfRange { loss, operand, .. }
        | Error::TargetOutOfRange { loss, operand, .. }
        | Error::NotFinite { loss, operand, .. }
        | Error::UnsupportedDtype { loss, operand, .. } => Some((loss, operand)),
        _ => None,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(message) => f.write_str(message),
            // `eval` has an option for this limit
            Failure::Refused(error @ Error::TooLarge { what, .. }) if what.contains("on the CPU") => {
                write!(f, "{error}; --memory GIB allows more")
            }
            Failure::Refused(error) => error.fmt(f),
            Failure::RefusedAt(index, error) => {
                let text = error.to_string();
                let (before, after) = text.split_once("at position ").unwrap_or((&text, ""));
                let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
                match index[..] {
                    [index] => write!(f, "{before}at position {index}{after}"),
                    _ => write!(f, "{before}at position {index:?}{after}"),
                }
            }
            Failure::Within(place, failure) => write!(f, "{place}: {failure}"),
            Failure::Advised(failure, advice) => write!(f, "{failure}; {advice}"),
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
