//! Runs the peers that are installed on the inputs that the report has written.

use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::ratios::Time;
use crate::run::{Stop, answers, root, run};

const SCRIPT: &str = "benches/peers/pytorch.py";

/// The peers of cargo projects under `benches/peers`: the project, the peer, and whether it runs on the CPU without an
/// adapter.
const PROJECTS: [(&str, &str, bool); 3] =
    [("burn", "burn", false), ("burn", "wgloss-burn", false), ("candle", "candle", true)];

/// The environment in which peers on a CPU are fastest, as a variable and its value. benches/src/report/tuned.rs has it too.
const TUNED: &str = include_str!("../../../benches/tuned.env");

/// Runs the peers, and returns all their measurements.
pub fn run_all(folder: &Path, device: &str, quick: bool) -> Result<Vec<Time>, Stop> {
    let seconds = if quick { "0.2" } else { "1" };
    let mut theirs = Vec::new();
    for (name, mut peer) in installed(device) {
        let table = folder.join(format!("peer-{name}.csv"));
        peer.arg("--inputs").arg(folder.join("inputs")).arg("--out").arg(&table).args(["--seconds", seconds]);
        // so that a table of an earlier run is not read as this run's
        let _ = fs::remove_file(&table);
        // a peer that crashes leaves a short table; the other peers still run
        if let Err(Stop::Failed(why) | Stop::NoAdapter(why)) = run(&mut peer) {
            println!("{why}: its table may be short");
        }
        let text = fs::read_to_string(&table).unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        theirs.extend(Time::parse(&text).map_err(|why| Stop::Failed(format!("{}: {why}", table.display())))?);
    }
    Ok(theirs)
}

/// The peers that are installed, each with a name for its table. Prints which are left out.
fn installed(device: &str) -> Vec<(String, Command)> {
    let mut peers = Vec::new();
    let python =
        env::var_os("WGLOSS_PYTHON").unwrap_or_else(|| if cfg!(windows) { "python" } else { "python3" }.into());
    // with a GPU, torch has to support it too: times on a CPU would not compare
    let probe = if device == "cuda" { "import numpy, torch; torch.zeros(1).cuda()" } else { "import numpy, torch" };
    let tuned = cfg!(target_env = "gnu") && device == "cpu";
    let variable = TUNED.trim_end().split_once('=');
    if answers(Command::new(&python).args(["-c", probe])) {
        let script = |mode: &str, label: &str| {
            let mut command = Command::new(&python);
            command.arg(root().join(SCRIPT)).args(["--device", device, "--mode", mode, "--label", label]);
            command
        };
        for mode in ["eager", "compile"] {
            peers.push((format!("pytorch-{mode}"), script(mode, mode)));
        }
        for mode in ["eager", "compile"].into_iter().filter(|_| tuned) {
            let mut command = script(mode, &format!("{mode} tuned"));
            command.envs(variable);
            peers.push((format!("pytorch-{mode}-tuned"), command));
        }
    } else {
        let python = python.to_string_lossy();
        println!("left out: PyTorch ({python} has no numpy, or no torch for {device}; WGLOSS_PYTHON names another)");
    }
    for (project, name, on_cpu) in PROJECTS {
        let folder = format!("benches/peers/{project}");
        let program = root().join(format!("{folder}/target/release/wgloss-peer-{name}{EXE_SUFFIX}"));
        if on_cpu && device != "cpu" {
            println!("left out: {name} (it runs on the CPU, our adapter does not)");
        } else if program.is_file() {
            peers.push((name.to_owned(), Command::new(&program)));
            if on_cpu && tuned {
                let mut command = Command::new(&program);
                command.args(["--label", "tuned"]).envs(variable);
                peers.push((format!("{name}-tuned"), command));
            }
        } else {
            println!("left out: {name} (`cargo build --release --manifest-path {folder}/Cargo.toml` builds it)");
        }
    }
    peers
}
