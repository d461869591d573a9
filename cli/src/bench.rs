//! `wgloss bench`: measures the losses on this machine's GPU, and compares them with a copy and with PyTorch.

use crate::failure::Failure;
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use wgloss::DType;
use wgloss_bench::report::{self, Arguments, Report, Row};

/// The arguments of `wgloss bench`.
#[derive(Args)]
pub struct Bench {
    /// The losses to measure; all that have cases if none is given.
    #[arg(value_name = "LOSS")]
    losses: Vec<String>,
    /// Measure smaller batches, with fewer runs.
    #[arg(long)]
    quick: bool,
    /// Measure only the most informative cases.
    #[arg(long)]
    headline: bool,
    /// Measure time against size too, for a loss of each family.
    #[arg(long)]
    cost: bool,
    /// How floats and gradients are stored.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Floats,
    /// Measure PyTorch on equal inputs too, by this Python, which needs numpy and torch. On Mesa's driver for CPUs, both are
    /// measured once more in the environment in which they are fastest.
    #[arg(long, value_name = "PYTHON")]
    peers: Option<String>,
    /// The folder for tables, charts and JSON.
    #[arg(long, value_name = "FOLDER", default_value = "wgloss-bench")]
    out: PathBuf,
    /// Print JSON instead of lines.
    #[arg(long)]
    json: bool,
    /// Run everything once on small inputs: for tests of the program.
    #[arg(long, hide = true)]
    test: bool,
}

/// How floats are stored.
#[derive(Clone, Copy, ValueEnum)]
enum Floats {
    F32,
    F16,
}

impl Bench {
    /// Measures, prints a line for each case, and writes the results to the folder.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let (set, dtype, torch) = match self.dtype {
            Floats::F32 => ("f32", DType::F32, "float32"),
            Floats::F16 => ("f16", DType::F16, "float16"),
        };
        let (is_tuned, tuned_set) = (report::is_tuned(), format!("{set}-tuned"));
        let own_set = if is_tuned { &tuned_set } else { set };
        let (commit, folder) = (option_env!("WGLOSS_COMMIT"), self.out.join("ours").join(own_set));
        self.forget(own_set);
        if !is_tuned {
            self.forget(&tuned_set);
        }
        let commit = commit.map_or(String::new(), |commit| format!(", {commit}"));
        let arguments = Arguments {
            out: folder.clone(),
            about: format!("wgloss {}{commit}", env!("CARGO_PKG_VERSION")),
            quick: self.quick,
            cost: self.cost,
            inputs: self.peers.is_some(),
            test: self.test,
            keep_going: true,
            headline: self.headline,
            dtype,
            losses: self.losses.clone(),
            ..Arguments::default()
        };
        arguments.check().map_err(Failure::Input)?;
        let lines: &mut dyn Write = if self.json { &mut io::sink() } else { out };
        let report = report::report(&arguments, lines).map_err(failed)?;
        let (mut tuned, mut is_right) = (None, report.wrong.is_none());
        if let Some(python) = &self.peers {
            let device = if report.is_discrete { "cuda" } else { "cpu" };
            self.peers(python, &folder, [own_set, torch, device], is_tuned);
            if report.is_llvmpipe && !is_tuned {
                match self.tuned(set) {
                    Ok((results, passed)) => (tuned, is_right) = (Some(results), is_right && passed),
                    Err(why) => drop(writeln!(io::stderr(), "left out: the tuned run: {why}")),
                }
                self.peers(python, &folder, [&tuned_set, torch, device], true);
            }
            // inputs may be gigabytes
            let _ = fs::remove_dir_all(folder.join("inputs"));
        }
        report::merge(&self.out).map_err(failed)?;
        let mut json = json(&report);
        if let Some(tuned) = tuned {
            json["tuned"] = tuned;
        }
        write(&self.out.join("results.json"), &format!("{json:#}\n"))?;
        match self.json {
            true => writeln!(out, "{json:#}")?,
            false => self.summary(&report, &folder, out)?,
        }
        if is_right { Ok(()) } else { Err(Failure::Failed) }
    }

    /// Removes the tables of a set, so that those of an earlier run are not read as this run's.
    fn forget(&self, set: &str) {
        let tables = ["eager", "compile"].map(|mode| self.out.join("peers").join(format!("{mode}-{set}.csv")));
        for table in tables.into_iter().chain([self.out.join("ours").join(set).join("results.csv")]) {
            let _ = fs::remove_file(table);
        }
    }

    /// Measures the losses in the tuned environment, which a program gets when it starts. Returns their results, and whether all
    /// are right.
    fn tuned(&self, dtype: &str) -> Result<(Json, bool), String> {
        let results = self.out.join("results.json");
        let _ = fs::remove_file(&results);
        let flags = [("--quick", self.quick), ("--headline", self.headline), ("--test", self.test)];
        let flags = flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| OsString::from(flag));
        let words = ["bench", "--json", "--dtype", dtype, "--out"].map(OsString::from);
        let words = words.into_iter().chain([self.out.clone().into_os_string()]).chain(flags);
        let status = report::run_tuned(words.chain(self.losses.iter().map(OsString::from)), Stdio::null());
        let status = status.map_err(|error| format!("it can't start: {error}"))?;
        let text = fs::read_to_string(&results).map_err(|_| format!("it ended with {status}"))?;
        let read = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", results.display()))?;
        Ok((read, status.success()))
    }

    /// Measures PyTorch in both of its modes. A mode that fails is left out.
    fn peers(&self, python: &str, ours: &Path, [set, dtype, device]: [&str; 3], is_tuned: bool) {
        let seconds = if self.quick || self.test { 0.2 } else { 1.0 };
        for mode in ["eager", "compile"] {
            let table = self.out.join("peers").join(format!("{mode}-{set}.csv"));
            let run = report::pytorch(python, &ours.join("inputs"), &table, [mode, dtype, device], (seconds, is_tuned));
            if let Err(why) = run {
                // a closed standard error is no failure
                let _ = writeln!(io::stderr(), "left out: PyTorch {mode} by {python}: {why}");
            }
        }
    }

    /// Prints the table, and where the results are.
    fn summary(&self, report: &Report, ours: &Path, out: &mut impl Write) -> Result<(), Failure> {
        let table = self.out.join("results.md");
        let text =
            fs::read_to_string(&table).map_err(|error| Failure::Input(format!("{}: {error}", table.display())))?;
        writeln!(out, "\n{text}")?;
        let charts = ours.join("results.svg");
        let cost = if self.cost { format!(", {}", ours.join("cost.svg").display()) } else { String::new() };
        let cases = report.rows.len();
        let results = self.out.join("results.{md,csv,json}");
        Ok(writeln!(out, "{cases} cases: {}, {}{cost}", results.display(), charts.display())?)
    }
}

/// Converts an error of the report: a wrong result, or a device or file that fails.
fn failed(error: Box<dyn Error>) -> Failure {
    match error.downcast::<wgloss::Error>() {
        Ok(refused) => Failure::Refused(*refused),
        Err(error) => Failure::Input(error.to_string()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

/// The report as JSON. Times are medians.
fn json(report: &Report) -> Json {
    let row = |row: &Row| {
        let of = |gradients: bool| {
            let times = &row.times[usize::from(gradients)];
            let seconds = times.gpu_or_wall().as_secs_f64();
            json!({
                "ms": 1e3 * seconds,
                "wall_ms": 1e3 * times.wall.as_secs_f64(),
                "host_us": 1e6 * times.host.as_secs_f64(),
                "rate": row.least.rate(gradients, seconds),
                "share_of_copy": row.least.share(gradients, seconds, report.copy),
                "runs": times.runs,
                "dispatches": row.dispatches[usize::from(gradients)],
            })
        };
        json!({
            "case": row.case.name(),
            "loss": row.case.loss,
            "shape": row.case.shape,
            "dtype": row.case.dtype.to_string(),
            "clock": if row.times[1].gpu.is_some() { "gpu" } else { "wall" },
            "unit": row.least.unit(),
            "value": of(false),
            "with_gradients": of(true),
            "workspace_bytes": row.workspace,
            "result": row.loss,
        })
    };
    json!({
        "about": report.about,
        "copy_gb_per_s": report.copy / 1e9,
        "wrong": report.wrong.as_ref().map(|wrong| wrong.to_string()),
        "cases": report.rows.iter().map(row).collect::<Vec<_>>(),
    })
}
