//! Packs the conformance cases into one compressed file that the program embeds, and records the commit of the build.

use flate2::{Compression, write::GzEncoder};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let cases = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../cases/v1");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", cases.display());

    let mut files = fs::read_dir(&cases)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    files.sort();
    let packed = fs::File::create(Path::new(&variable("OUT_DIR")).join("cases.tar.gz"))?;
    let mut archive = tar::Builder::new(GzEncoder::new(packed, Compression::default()));
    for file in files {
        let bytes = fs::read(&file)?;
        // the header holds no time and no owner, so that equal cases give equal programs
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, file.file_name().unwrap_or_default(), bytes.as_slice())?;
    }
    archive.into_inner()?.finish()?;
    record_commit(&Path::new(&variable("CARGO_MANIFEST_DIR")).join(".."));
    Ok(())
}

/// Sets `WGLOSS_COMMIT` for the program. Leaves it unset without git, or in a source archive.
fn record_commit(root: &Path) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    // if the sources were copied into another repository, its commit would mean nothing
    if !root.join(".git").exists() {
        return;
    }
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|changes| !changes.is_empty());
    println!("cargo::rustc-env=WGLOSS_COMMIT={commit}{}", if changed { " with changes" } else { "" });
    // the log of HEAD grows with every commit and checkout; the sources decide "with changes"
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]).map(|log| root.join(log));
    let sources = ["src", "shaders", "cli/src", "Cargo.lock"].map(|source| root.join(source));
    for path in sources.into_iter().chain(log).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it for build scripts")
}
