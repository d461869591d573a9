//! Parses the command line.

use crate::platforms::is_row;
use crate::web::Web;

/// The text that `--help` and a wrong command line print.
pub const USAGE: &str = "\
Usage: cargo xtask <demo | test | test-burn | test-mpi> [--no-install]
       cargo xtask test-web [--no-install] [TEST]
       cargo xtask web [--build | --package] [--no-install]
       cargo xtask bench [--quick] [--peers] [--no-install] [LOSS]...
       cargo xtask bench --pack
       cargo xtask platforms [--list | --tables] [--no-install] [ROW]...
       cargo xtask fuzz [--minutes N] [TARGET]...
       cargo xtask record FILE | BEFORE AFTER
       cargo xtask new-loss FAMILY ID
       cargo xtask mutants [shaders | sources] [--seed S] [--count N]
                           [--file FILE] [--results FILE] [--minutes N]
                           [--thorough | --list] [--no-install]

  demo          train the segmentation example and say where its picture is
  test          run every check of the project, and stop at the first that fails
  test-burn     run every check of wgloss-burn, in burn/, which `test` leaves
                out: to build Burn takes longer than all other checks
  test-mpi      run every check of wgloss-mpi, in mpi/, which `test` leaves out:
                its tests and examples, on 1 to 4 ranks of mpirun. Installs
                Debian's OpenMPI and libclang if they are missing
  test-web      test wgloss-web, its kernels and its page in a browser: all, those
                whose names contain TEST, `kernels`, or `page`. Installs Chromium
                and Node on Debian, and wasm-bindgen in target/web/
  web           build the page into target/web/site, and serve it on this machine
  bench         measure every loss, or the losses named, at real sizes, beside a
                copy on the same GPU; then time against size, over four decades,
                for one loss of each family. Write tables and charts to
                target/bench/
  platforms     test the kernels, the library and the program on every platform
                that Debian can emulate, or on the rows named. Write the results
                to docs/platforms.tsv. Needs Debian and root; a row that can't
                run here is left out, with a reason
  fuzz          run every fuzz target, or those named, over the inputs in
                fuzz/corpus/ (docs/reliability.md lists the targets)
  mutants       plant one-line faults in shaders and in the sources of plans and
                twins, and find those that no check notices
  record        write every planned kernel to FILE, or list the differences of
                two such records
  new-loss      lay down the files of a new loss, with the places to fill in:
                `cargo xtask new-loss pointwise quartic`

  --build       web: build the page, and don't serve it
  --package     web: build the package for npm into target/web/package instead
  --quick       measure batches eight times smaller, with fewer runs
  --peers       also run PyTorch, burn and candle on the same inputs, if they are
                installed (benches/RESULTS.md says how), and print ratios.
                WGLOSS_PYTHON names the python that has PyTorch
  --pack        don't measure. Make an archive that measures a GPU on a machine
                without Rust, beside PyTorch (benches/RESULTS.md says how)
  --list        platforms: print the rows, what each installs and how long it
                takes. mutants: print the mutants with their lines. Run nothing
  --tables      write the tables of docs/platforms.md and README.md from
                docs/platforms.tsv
  --minutes N   fuzz: also run each target for N minutes on mutations of its
                inputs. mutants: stop after N minutes
  --seed S      draw the mutants with this seed instead of 1
  --count N     draw N mutants instead of 300 in shaders and 150 in sources. The
                fixed faults in shaders are always planted
  --file FILE   plant faults only in this file: geometry/elements,
                src/cpu/regions.rs
  --results FILE
                append results to FILE instead of target/mutants/results.tsv. The
                same command continues from there
  --thorough    run the survivors again, with all cases and tests that may kill
                them
  --no-install  if there is no GPU adapter, print how to install a software Vulkan
                driver, and stop. platforms: leave out rows that would install
                anything
  -h, --help    print this text

Exit status: 0 success; 1 something failed; 2 no usable GPU adapter, or a wrong
command line.
";

/// Whether a software Vulkan driver may be installed on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Install {
    /// Install one if no adapter is found.
    Allowed,
    /// Say how to install one, and stop.
    Forbidden,
}

/// A valid command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Print the usage text.
    Help,
    /// Run the demo.
    Demo(Install),
    /// Run every check.
    Test(Install),
    /// Run every check of wgloss-burn.
    TestBurn(Install),
    /// Run every check of wgloss-mpi.
    TestMpi(Install),
    /// Run the tests in a browser whose names contain this text, or all.
    TestWeb(Install, Option<String>),
    /// Build the page, and serve it if asked to, or build the package for browsers.
    Web(Install, Web),
    /// Measure the losses.
    Bench(Install, Bench),
    /// Test these platforms; all if none is named.
    Platforms(Install, Vec<String>),
    /// List the platforms.
    ListPlatforms,
    /// Write the tables of the platforms' results.
    WriteTables,
    /// Run the runner of the fuzz targets with these arguments.
    Fuzz(Vec<String>),
    /// Write a record of the kernels to this file.
    Record(String),
    /// Lay down the files of a loss of this family, with this id.
    NewLoss(String, String),
    /// Compare two records.
    Compare(String, String),
    /// Plant faults.
    Mutants(Install, Mutants),
}

/// Which faults to plant, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutants {
    /// Whether to plant faults in shaders.
    pub shaders: bool,
    /// Whether to plant faults in the sources of plans and twins.
    pub sources: bool,
    /// The seed for drawing mutants.
    pub seed: u64,
    /// How many mutants to draw; `None` for the default.
    pub count: Option<usize>,
    /// The only file to plant faults in.
    pub file: Option<String>,
    /// The file for the results.
    pub results: Option<String>,
    /// After how many minutes to stop.
    pub minutes: Option<u64>,
    /// Whether to run survivors again, with all cases and tests that may kill them.
    pub thorough: bool,
    /// Whether to print the mutants only.
    pub list: bool,
}

impl Default for Mutants {
    fn default() -> Self {
        Self {
            shaders: true,
            sources: true,
            seed: 1,
            count: None,
            file: None,
            results: None,
            minutes: None,
            thorough: false,
            list: false,
        }
    }
}

impl Mutants {
    /// Sets an option that takes a value.
    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let number = || value.parse::<u64>().map_err(|_| format!("`{name}` wants a number, not `{value}`"));
        match name {
            "--seed" => self.seed = number()?,
            "--count" => self.count = Some(usize::try_from(number()?).unwrap_or(usize::MAX)),
            "--minutes" => self.minutes = Some(number()?),
            "--file" => self.file = Some(value),
            _ => self.results = Some(value),
        }
        Ok(())
    }
}

/// What to measure or to pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bench {
    /// Whether to use small batches and few runs.
    pub quick: bool,
    /// Whether to run peers too.
    pub peers: bool,
    /// Whether to make an archive that measures on another machine instead.
    pub pack: bool,
    /// The ids of the losses; all losses if empty.
    pub losses: Vec<String>,
}

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
    let (mut instead, mut rows, mut fuzz, mut files) = (None, Vec::new(), Vec::new(), Vec::new());
    let mut mutants = Mutants::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), task) {
            ("-h" | "--help", _) => return Ok(Request::Help),
            // the runner checks its own arguments
            (_, Some(Task::Fuzz)) => fuzz.push(argument),
            ("--no-install", _) => install = Install::Forbidden,
            ("demo", None) => task = Some(Task::Demo),
            ("test", None) => task = Some(Task::Test),
            ("test-burn", None) => task = Some(Task::TestBurn),
            ("test-mpi", None) => task = Some(Task::TestMpi),
            ("web", None) => task = Some(Task::Web),
            ("--build", Some(Task::Web)) => web = Web::Build,
            ("--package", Some(Task::Web)) => web = Web::Package,
            ("test-web", None) => task = Some(Task::TestWeb),
            (test, Some(Task::TestWeb)) if !test.starts_with('-') && rows.is_empty() => rows.push(argument),
            ("bench", None) => task = Some(Task::Bench),
            ("platforms", None) => task = Some(Task::Platforms),
            ("fuzz", None) => task = Some(Task::Fuzz),
            ("--list", Some(Task::Platforms)) => instead = Some(Request::ListPlatforms),
            ("--tables", Some(Task::Platforms)) => instead = Some(Request::WriteTables),
            (row, Some(Task::Platforms)) if is_row(row) => rows.push(argument),
            (row, Some(Task::Platforms)) if !row.starts_with('-') => {
                return Err(format!("there is no row `{row}`: `cargo xtask platforms --list` prints them"));
            }
            ("--quick", Some(Task::Bench)) => bench.quick = true,
            ("--peers", Some(Task::Bench)) => bench.peers = true,
            ("--pack", Some(Task::Bench)) => bench.pack = true,
            (loss, Some(Task::Bench)) if !loss.starts_with('-') => bench.losses.push(argument),
            ("record", None) => task = Some(Task::Record),
            (file, Some(Task::Record)) if !file.starts_with('-') => files.push(argument),
            ("new-loss", None) => task = Some(Task::NewLoss),
            (word, Some(Task::NewLoss)) if !word.starts_with('-') => files.push(argument),
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
        Some(Task::TestWeb) => Ok(Request::TestWeb(install, rows.pop())),
        Some(Task::Web) => Ok(Request::Web(install, web)),
        Some(Task::Bench) if bench.pack && bench != (Bench { pack: true, ..Bench::default() }) => {
            Err("`--pack` measures nothing: leave all else but `--no-install` out".to_owned())
        }
        Some(Task::Bench) => Ok(Request::Bench(install, bench)),
        Some(Task::Platforms) => Ok(instead.unwrap_or(Request::Platforms(install, rows))),
        Some(Task::Fuzz) => Ok(Request::Fuzz(fuzz)),
        Some(Task::Record) => match <[String; 2]>::try_from(files) {
            Ok([before, after]) => Ok(Request::Compare(before, after)),
            Err(files) if files.len() == 1 => Ok(Request::Record(files.concat())),
            Err(_) => Err("`record` wants a file to write, or two to compare".to_owned()),
        },
        Some(Task::NewLoss) => match <[String; 2]>::try_from(files) {
            Ok([family, id]) => Ok(Request::NewLoss(family, id)),
            Err(_) => Err("`new-loss` wants a family and an id: `new-loss pointwise quartic`".to_owned()),
        },
        Some(Task::Mutants) => Ok(Request::Mutants(install, mutants)),
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
        ] {
            let complaint = parsed(line).expect_err(line);
            assert!(complaint.contains(named), "{line}: {complaint}");
        }
    }
}
