//! What the user asked for: the command line, read.

/// The text `--help` prints, and what a wrong command line is answered with.
pub const USAGE: &str = "\
Usage: cargo xtask <demo | test> [--no-install]

  demo          train the segmentation example and say where its picture is
  test          run every check of the project, stopping at the first that fails

  --no-install  where no GPU adapter is found, don't install the software Vulkan
                driver: print the command that would, and stop
  -h, --help    print this text

Exit status: 0 done; 1 something failed; 2 no usable GPU adapter, or a wrong
command line.
";

/// Whether the machine may be given a software Vulkan driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Install {
    /// Install one where no adapter is found.
    Allowed,
    /// Say how to install one, and stop.
    Forbidden,
}

/// A command line that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Print the usage text.
    Help,
    /// Run the demo.
    Demo(Install),
    /// Run every check.
    Test(Install),
}

/// Reads the arguments after the program's name; the error is one line for the user.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut task: Option<fn(Install) -> Request> = None;
    let mut install = Install::Allowed;
    for argument in arguments {
        match (argument.as_str(), task) {
            ("-h" | "--help", _) => return Ok(Request::Help),
            ("--no-install", _) => install = Install::Forbidden,
            ("demo", None) => task = Some(Request::Demo),
            ("test", None) => task = Some(Request::Test),
            _ => return Err(format!("unexpected argument `{argument}`")),
        }
    }
    match task {
        Some(task) => Ok(task(install)),
        None => Err("say what to do: `demo` or `test`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn command_lines_that_make_sense() {
        for (line, request) in [
            ("demo", Request::Demo(Install::Allowed)),
            ("test", Request::Test(Install::Allowed)),
            ("demo --no-install", Request::Demo(Install::Forbidden)),
            ("--no-install test", Request::Test(Install::Forbidden)),
            ("--help", Request::Help),
            ("test -h", Request::Help),
        ] {
            assert_eq!(parsed(line), Ok(request), "{line}");
        }
    }

    #[test]
    fn command_lines_that_do_not() {
        for (line, named) in [
            ("", "`demo` or `test`"),
            ("--no-install", "`demo` or `test`"),
            ("bench", "`bench`"),
            ("demo test", "`test`"),
            ("test demo", "`demo`"),
            ("test --fast", "`--fast`"),
        ] {
            let complaint = parsed(line).expect_err(line);
            assert!(complaint.contains(named), "{line}: {complaint}");
        }
    }
}
