//! The settings that our kernels are measured in beside peers: the machine's driver and a newer one, each as it is and in the
//! tuned environment.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::table::Ours;
use crate::platforms;
use crate::run::{Stop, read, root, run};

/// A driver and an environment.
#[derive(Clone, Copy)]
struct Setting {
    name: &'static str,
    /// Its folder below the folder for all results.
    folder: &'static str,
    is_newer_driver: bool,
    is_tuned: bool,
}

/// The settings beside the machine's driver as it is.
const OTHERS: [Setting; 3] = [
    Setting { name: "wgloss tuned", folder: "tuned", is_newer_driver: false, is_tuned: true },
    Setting { name: "wgloss, newer Mesa", folder: "newer", is_newer_driver: true, is_tuned: false },
    Setting { name: "wgloss tuned, newer Mesa", folder: "newer-tuned", is_newer_driver: true, is_tuned: true },
];

/// Measures in all settings beside the machine's driver as it is, and returns their names and results. `report` is the
/// benchmark's program. Only Mesa's driver for CPUs has such settings.
pub fn measure(report: &Path, folder: &Path, arguments: &[String]) -> Result<Vec<(&'static str, Ours)>, Stop> {
    let newer = platforms::made_sid();
    if newer.is_none() {
        println!("left out: a newer Mesa (`cargo xtask platforms mesa-256` installs one in a folder)");
    }
    let mut all = Vec::new();
    for setting in OTHERS {
        // the newer Mesa is in a folder with Debian unstable: inside, the project is read-only, and a command begins in the
        // root folder
        let within = format!("tmp/wgloss-bench/{}", setting.folder);
        let (program, out, results) = match &newer {
            _ if !setting.is_newer_driver => {
                let own = folder.join(setting.folder);
                (report.display().to_string(), own.display().to_string(), own)
            }
            Some(sid) => (platforms::path_inside(report)?, within.clone(), sid.path(&within)),
            None => continue,
        };
        let mut words = vec![program.as_str(), "--out", out.as_str()];
        words.extend(setting.is_tuned.then_some("--tuned"));
        words.extend(arguments.iter().map(String::as_str));
        let mut command = match &newer {
            Some(sid) if setting.is_newer_driver => sid.command(&[("WGPU_BACKEND", "vulkan")], &words),
            _ => {
                let mut command = Command::new(words[0]);
                command.args(&words[1..]).current_dir(root());
                command
            }
        };
        // so that a table of an earlier run is not read as this run's
        let table = results.join("results.csv");
        let _ = fs::remove_file(&table);
        run(&mut command)?;
        all.push((setting.name, Ours::parse(&read(&table)?).map_err(Stop::Failed)?));
    }
    Ok(all)
}
