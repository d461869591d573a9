//! `cargo xtask bench`: measures the losses on this machine's GPU, and compares them with a copy and with peers.

mod csv;
mod pack;
mod peers;
mod ratios;
mod settings;
mod table;
mod versions;

use std::fs;
use std::process::Command;

use crate::adapter::set_up;
use crate::args::{Bench, Install};
use crate::run::{Stop, cargo, executables, read, root, run};

/// The folder for all results, relative to the project's root.
const FOLDER: &str = "target/bench";

/// Measures, and prints where the tables and charts are.
pub fn bench(install: Install, options: &Bench) -> Result<(), Stop> {
    if options.pack {
        return pack::pack();
    }
    set_up(install, "release")?;
    let folder = root().join(FOLDER);
    let build = ["bench", "-p", "wgloss-bench", "--bench", "report", "--no-run"];
    run(&mut cargo(&build))?;
    let programs = executables(cargo(&build).args(["--message-format", "json"]))?;
    let program = programs.get("report").ok_or(Stop::Failed("cargo built no `report`".to_owned()))?;
    let mut arguments = vec!["--about".to_owned(), versions::line()];
    arguments.extend(options.quick.then(|| "--quick".to_owned()));
    arguments.extend_from_slice(&options.losses);
    let mut report = Command::new(program);
    // the curves are measured with the table, so that both are of one commit and one machine
    report.arg("--out").arg(&folder).arg("--cost").args(options.peers.then_some("--inputs")).args(&arguments);
    run(report.current_dir(root()))?;

    let ours = table::Ours::parse(&read(&folder.join("results.csv"))?).map_err(Stop::Failed)?;
    let mut text = ours.markdown();
    if options.peers {
        let device = ours.device();
        let mut all = vec![("wgloss", ours)];
        if all[0].1.is_llvmpipe() {
            all.extend(settings::measure(program, &folder, &arguments)?);
        }
        for (name, ours) in &all[1..] {
            text += &format!("\n**{name}**\n\n{}", ours.markdown());
        }
        let theirs = peers::run_all(&folder, device, options.quick)?;
        let times: Vec<_> = all.iter().flat_map(|(name, ours)| ours.times(name)).collect();
        text += &ratios::markdown(&times, &theirs);
    }
    let results = folder.join("results.md");
    fs::write(&results, &text).map_err(Stop::at(&results))?;
    println!("\n{text}\nthe tables are {FOLDER}/results.md and results.csv, the charts results.svg and cost.svg");
    Ok(())
}
