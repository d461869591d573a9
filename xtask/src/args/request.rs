//! The requests that a command line can make: a task with its options. The code of a task takes its options from here, and sees no
//! arguments.

use crate::web::Web;
use std::time::{Duration, Instant};

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
    /// The time at which a run that starts now has to stop.
    pub fn end(&self) -> Option<Instant> {
        self.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes))
    }

    /// Refuses options that leave no fault to plant.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_source = |file: &str| file.starts_with("src/");
        match &self.file {
            _ if !self.shaders && !self.sources => {
                Err("name `shaders` or `sources`; without either, both get faults".into())
            }
            Some(file) if is_source(file) && !self.sources => {
                Err(format!("`{file}` is no shader: leave `shaders` out"))
            }
            Some(file) if !is_source(file) && !self.shaders => {
                Err(format!("`{file}` is no source, which begins with src/: leave `sources` out"))
            }
            _ => Ok(()),
        }
    }

    /// Sets an option that takes a value.
    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), String> {
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

/// The options of the task `bench`: which losses to measure and how, or to pack an archive.
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
