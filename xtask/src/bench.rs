//! `cargo xtask bench`: measures the losses on this machine's GPU, and compares them with a copy and with peers.

mod csv;
mod pack;
mod peers;
mod ratios;
mod table;
mod versions;

use std::fs;

use crate::adapter::set_up;
use crate::args::{Bench, Install};
use crate::run::{Stop, cargo, read, root, run};

/// The folder for all results, relative to the project's root.
const FOLDER: &str = "target/bench";

/// Measures, and prints where the tables and charts are.
pub fn bench(install: Install, options: &Bench) -> Result<(), Stop> {
    if options.pack {
        return pack::pack();
    }
    set_up(install, "release")?;
    let folder = root().join(FOLDER);
    let mut report = cargo(&["bench", "-p", "wgloss-bench", "--bench", "report", "--", "--out"]);
    report.arg(&folder).args(["--about", &versions::line()]);
    // the curves are measured with the table, so that both are of one commit and one machine
    let flags = [(options.quick, "--quick"), (true, "--cost"), (options.peers, "--inputs")];
    report.args(flags.iter().filter(|(given, _)| *given).map(|(_, flag)| flag)).args(&options.losses);
    run(&mut report)?;

    let ours = table::Ours::parse(&read(&folder.join("results.csv"))?).map_err(Stop::Failed)?;
    let mut text = ours.markdown();
    if options.peers {
        let theirs = peers::run_all(&folder, ours.device(), options.quick)?;
        text += &ratios::markdown(&ours.times(), &theirs);
    }
    let results = folder.join("results.md");
    fs::write(&results, &text).map_err(Stop::at(&results))?;
    println!("\n{text}\nthe tables are {FOLDER}/results.md and results.csv, the charts results.svg and cost.svg");
    Ok(())
}
