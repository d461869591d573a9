//! Parses the command line into a request.

mod request;
mod usage;

use crate::platforms::is_row;
use crate::web::Web;

pub use request::{Bench, Install, Mutants, Request};
pub use usage::USAGE;

/// The task that a command line names.
#[derive(Clone, Copy, PartialEq)]
enum Task {
    Demo,
    Test,
    TestBurn,
    TestMpi,
    TestWeb,
    Web,
    Bench,
    Platforms,
    Fuzz,
    Record,
    NewLoss,
    Mutants,
}

/// Parses the arguments after the program's name. The error is one line for the user.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut task = None;
    let mut install = Install::Allowed;
    let mut bench = Bench::default();
    let mut web = Web::Serve;
    let mut instead = None;
    // what the task takes without a dash: rows, files, a family and an id, a test; `fuzz` takes all its arguments here
    let mut words = Vec::new();
    let mut mutants = Mutants::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), task) {
            ("-h" | "--help", _) => return Ok(Request::Help),
            // the runner checks its own arguments
            (_, Some(Task::Fuzz)) => words.push(argument),
            ("--no-install", _) => install = Install::Forbidden,
            ("demo", None) => task = Some(Task::Demo),
            ("test", None) => task = Some(Task::Test),
            ("test-burn", None) => task = Some(Task::TestBurn),
            ("test-mpi", None) => task = Some(Task::TestMpi),
            ("web", None) => task = Some(Task::Web),
            ("--build", Some(Task::Web)) => web = Web::Build,
            ("--package", Some(Task::Web)) => web = Web::Package,
            ("test-web", None) => task = Some(Task::TestWeb),
            (test, Some(Task::TestWeb)) if !test.starts_with('-') && words.is_empty() => words.push(argument),
            ("bench", None) => task = Some(Task::Bench),
            ("platforms", None) => task = Some(Task::Platforms),
            ("fuzz", None) => task = Some(Task::Fuzz),
            ("--list", Some(Task::Platforms)) => instead = Some(Request::ListPlatforms),
            ("--tables", Some(Task::Platforms)) => instead = Some(Request::WriteTables),
            (row, Some(Task::Platforms)) if is_row(row) => words.push(argument),
            (row, Some(Task::Platforms)) if !row.starts_with('-') => {
                return Err(format!("there is no row `{row}`: `cargo xtask platforms --list` prints them"));
            }
            ("--quick", Some(Task::Bench)) => bench.quick = true,
            ("--peers", Some(Task::Bench)) => bench.peers = true,
            ("--pack", Some(Task::Bench)) => bench.pack = true,
            (loss, Some(Task::Bench)) if !loss.starts_with('-') => bench.losses.push(argument),
            ("record", None) => task = Some(Task::Record),
            (file, Some(Task::Record)) if !file.starts_with('-') => words.push(argument),
            ("new-loss", None) => task = Some(Task::NewLoss),
            (word, Some(Task::NewLoss)) if !word.starts_with('-') => words.push(argument),
            ("mutants", None) => task = Some(Task::Mutants),
            ("shaders", Some(Task::Mutants)) => mutants.sources = false,
            ("sources", Some(Task::Mutants)) => mutants.shaders = false,
            ("--list", Some(Task::Mutants)) => mutants.list = true,
            ("--thorough", Some(Task::Mutants)) => mutants.thorough = true,
            (name @ ("--seed" | "--count" | "--file" | "--results" | "--minutes"), Some(Task::Mutants)) => {
                let value = arguments.next().ok_or(format!("`{name}` wants a value"))?;
                mutants.set(name, value)?;
            }
            _ => return Err(format!("unexpected argument `{argument}`")),
        }
    }
    match task {
        Some(Task::Demo) => Ok(Request::Demo(install)),
        Some(Task::Test) => Ok(Request::Test(install)),
        Some(Task::TestBurn) => Ok(Request::TestBurn(install)),
        Some(Task::TestMpi) => Ok(Request::TestMpi(install)),
        Some(Task::TestWeb) => Ok(Request::TestWeb(install, words.pop())),
        Some(Task::Web) => Ok(Request::Web(install, web)),
        Some(Task::Bench) if bench.pack && bench != (Bench { pack: true, ..Bench::default() }) => {
            Err("`--pack` measures nothing: leave all else but `--no-install` out".to_owned())
        }
        Some(Task::Bench) => Ok(Request::Bench(install, bench)),
        Some(Task::Platforms) => Ok(instead.unwrap_or(Request::Platforms(install, words))),
        Some(Task::Fuzz) => Ok(Request::Fuzz(words)),
        Some(Task::Record) => match <[String; 2]>::try_from(words) {
            Ok([before, after]) => Ok(Request::Compare(before, after)),
            Err(words) if words.len() == 1 => Ok(Request::Record(words.concat())),
            Err(_) => Err("`record` wants a file to write, or two to compare".to_owned()),
        },
        Some(Task::NewLoss) => match <[String; 2]>::try_from(words) {
            Ok([family, id]) => Ok(Request::NewLoss(family, id)),
            Err(_) => Err("`new-loss` wants a family and an id: `new-loss pointwise quartic`".to_owned()),
        },
        Some(Task::Mutants) => mutants.check().map(|()| Request::Mutants(install, mutants)),
        None => Err("say what to do: `demo`, `test`, `test-burn`, `test-mpi`, `test-web`, `web`, `bench`, `platforms`, `fuzz`, `record`, `new-loss` or `mutants`"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn valid_command_lines_are_parsed() {
        for (line, request) in [
            ("demo", Request::Demo(Install::Allowed)),
            ("test", Request::Test(Install::Allowed)),
            ("test-burn", Request::TestBurn(Install::Allowed)),
            ("test-mpi --no-install", Request::TestMpi(Install::Forbidden)),
            ("demo --no-install", Request::Demo(Install::Forbidden)),
            ("web", Request::Web(Install::Allowed, Web::Serve)),
            ("web --package --no-install", Request::Web(Install::Forbidden, Web::Package)),
            ("test-web", Request::TestWeb(Install::Allowed, None)),
            ("test-web --no-install dice", Request::TestWeb(Install::Forbidden, Some("dice".to_owned()))),
            ("--no-install test", Request::Test(Install::Forbidden)),
            ("--help", Request::Help),
            ("test -h", Request::Help),
            ("bench --quick -h", Request::Help),
            ("bench", Request::Bench(Install::Allowed, Bench::default())),
            (
                "bench --quick mse --peers dice --no-install",
                Request::Bench(
                    Install::Forbidden,
                    Bench {
                        quick: true,
                        peers: true,
                        losses: vec!["mse".to_owned(), "dice".to_owned()],
                        ..Bench::default()
                    },
                ),
            ),
            ("bench --pack", Request::Bench(Install::Allowed, Bench { pack: true, ..Bench::default() })),
            ("platforms", Request::Platforms(Install::Allowed, Vec::new())),
            (
                "platforms fxc --no-install gl",
                Request::Platforms(Install::Forbidden, vec!["fxc".to_owned(), "gl".to_owned()]),
            ),
            ("platforms --list", Request::ListPlatforms),
            ("mutants", Request::Mutants(Install::Allowed, Mutants::default())),
            (
                "mutants shaders --seed 7 --count 9 --file lib/math --minutes 5 --results r.tsv --thorough --no-install",
                Request::Mutants(
                    Install::Forbidden,
                    Mutants {
                        shaders: true,
                        sources: false,
                        seed: 7,
                        count: Some(9),
                        file: Some("lib/math".to_owned()),
                        results: Some("r.tsv".to_owned()),
                        minutes: Some(5),
                        thorough: true,
                        list: false,
                    },
                ),
            ),
            ("platforms --tables", Request::WriteTables),
            ("fuzz", Request::Fuzz(Vec::new())),
            ("fuzz --minutes 5 plans", Request::Fuzz(vec!["--minutes".to_owned(), "5".to_owned(), "plans".to_owned()])),
            ("fuzz plans --help", Request::Help),
            ("record a.tsv", Request::Record("a.tsv".to_owned())),
            ("new-loss pointwise quartic", Request::NewLoss("pointwise".to_owned(), "quartic".to_owned())),
            ("record a.tsv b.tsv", Request::Compare("a.tsv".to_owned(), "b.tsv".to_owned())),
        ] {
            assert_eq!(parsed(line), Ok(request), "{line}");
        }
    }

    #[test]
    fn wrong_command_lines_are_refused() {
        for (line, named) in [
            (
                "",
                "`demo`, `test`, `test-burn`, `test-mpi`, `test-web`, `web`, `bench`, `platforms`, `fuzz`, `record`, `new-loss` or `mutants`",
            ),
            (
                "--no-install",
                "`demo`, `test`, `test-burn`, `test-mpi`, `test-web`, `web`, `bench`, `platforms`, `fuzz`, `record`, `new-loss` or `mutants`",
            ),
            ("--quick bench", "`--quick`"),
            ("test --peers", "`--peers`"),
            ("demo mse", "`mse`"),
            ("bench --slow", "`--slow`"),
            ("bench --cost", "`--cost`"),
            ("bench --pack mse", "`--pack`"),
            ("bench --quick --pack", "`--pack`"),
            ("demo test", "`test`"),
            ("test demo", "`demo`"),
            ("test --fast", "`--fast`"),
            ("platforms amiga", "no row `amiga`"),
            ("platforms --quick", "`--quick`"),
            ("test --list", "`--list`"),
            ("test --seed 1", "`--seed`"),
            ("record", "`record` wants a file"),
            ("record a b c", "`record` wants a file"),
            ("mutants --seed", "`--seed` wants a value"),
            ("mutants --count few", "`few`"),
            ("mutants shaders sources", "`shaders` or `sources`"),
            ("mutants shaders --file src/cpu/regions.rs", "`src/cpu/regions.rs` is no shader"),
            ("mutants sources --file lib/math", "`lib/math` is no source"),
        ] {
            let complaint = parsed(line).expect_err(line);
            assert!(complaint.contains(named), "{line}: {complaint}");
        }
    }
}
