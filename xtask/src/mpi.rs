//! Finds an MPI with its headers, and libclang, for wgloss-mpi; installs Debian's, or says how to install them.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::adapter::{is_root, perform, this_distribution};
use crate::args::Install;
use crate::distribution::{Distribution, Step, shell_line};
use crate::run::{Stop, answers};

/// The commands that install MPI and libclang on Debian. `env` sets the variable, because sudo drops the caller's environment.
const STEPS: &[Step] = &[
    &["apt-get", "update"],
    &[
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-y",
        "--no-install-recommends",
        "libopenmpi-dev",
        "openmpi-bin",
        "libclang-dev",
    ],
];

/// Makes sure that the machine has an MPI and libclang, or stops with advice to the user.
pub fn set_up(install: Install) -> Result<(), Stop> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let (missing, root) = (missing.join(", "), is_root());
    if this_distribution() != Some(Distribution::Debian) {
        let why = "how they are installed is known for Debian and its derivatives only";
        return Err(Stop::Failed(format!("wgloss-mpi needs {missing}: {why}")));
    }
    let sudo = !root && answers(Command::new("sudo").args(["-n", "true"]));
    if install == Install::Forbidden || !(root || sudo) {
        let line = shell_line(STEPS, if root { &[] } else { &["sudo"] });
        return Err(Stop::Failed(format!(
            "wgloss-mpi needs {missing}. Install them, then run this again:\n\n    {line}\n"
        )));
    }
    let prefix: &[&str] = if root { &[] } else { &["sudo", "-n"] };
    println!("{missing} missing: installing them with\n> {}", shell_line(STEPS, prefix));
    STEPS.iter().try_for_each(|step| perform(step, prefix))
}

/// The programs and libraries that the machine lacks.
fn missing() -> Vec<&'static str> {
    let runs = |program: &str| answers(Command::new(program).arg("--version"));
    let needs = [("mpirun", runs("mpirun")), ("mpicc with MPI's headers", runs("mpicc")), ("libclang", has_libclang())];
    needs.into_iter().filter(|(_, has)| !has).map(|(name, _)| name).collect()
}

/// Whether libclang is where the crate that reads MPI's headers looks for it.
fn has_libclang() -> bool {
    let holds = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("libclang"))
    };
    let of_llvm = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let of_llvm = of_llvm.filter(|path| path.to_string_lossy().contains("llvm")).map(|path| path.join("lib"));
    let common = ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
    env::var_os("LIBCLANG_PATH").is_some()
        || common.iter().map(Path::new).any(holds)
        || of_llvm.into_iter().any(|folder| holds(&folder))
}
