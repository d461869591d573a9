//! `cargo xtask bench`: what the losses take on this machine's GPU, beside a copy and beside peers.

mod csv;
mod pack;
mod peers;
mod ratios;
mod table;
mod versions;

use std::fs;
use std::path::Path;

use crate::adapter::set_up;
use crate::args::{Bench, Install};
use crate::run::{Stop, cargo, root, run};

/// Where everything is written, from the project's root.
const FOLDER: &str = "target/bench";

/// Measures, and says where the tables and charts are.
pub fn bench(install: Install, asked: &Bench) -> Result<(), Stop> {
    if asked.pack {
        return pack::pack();
    }
    set_up(install, "release")?;
    let folder = root().join(FOLDER);
    let mut report = cargo(&["bench", "-p", "wgloss", "--bench", "report", "--", "--out"]);
    report.arg(&folder).args(["--about", &versions::line()]);
    let flags = [(asked.quick, "--quick"), (asked.cost, "--cost"), (asked.peers, "--inputs")];
    report.args(flags.iter().filter(|(given, _)| *given).map(|(_, flag)| flag)).args(&asked.losses);
    run(&mut report)?;
    if asked.cost {
        println!("the curves are {FOLDER}/cost.svg and {FOLDER}/cost.csv");
        return Ok(());
    }

    let ours = table::Ours::parse(&read(&folder.join("results.csv"))?).map_err(Stop::Failed)?;
    let mut text = ours.markdown();
    if asked.peers {
        let theirs = peers::run_all(&folder, ours.device(), asked.quick)?;
        text += &ratios::markdown(&ours.times(), &theirs);
    }
    let results = folder.join("results.md");
    fs::write(&results, &text).map_err(|error| Stop::Failed(format!("{}: {error}", results.display())))?;
    println!("\n{text}\nthe tables are {FOLDER}/results.md and results.csv, the chart is results.svg");
    Ok(())
}

fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))
}
