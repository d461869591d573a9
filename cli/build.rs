//! Packs the conformance cases into one compressed file, which the program carries, and notes the commit it is built from.

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
        // a header of its own: neither times nor owners, so that the same cases give the same program
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, file.file_name().unwrap_or_default(), bytes.as_slice())?;
    }
    archive.into_inner()?.finish()?;
    note_commit(&Path::new(&variable("CARGO_MANIFEST_DIR")).join(".."));
    Ok(())
}

/// Sets `WGLOSS_COMMIT` for the program, where git knows: not in an archive of the sources, nor without git.
fn note_commit(root: &Path) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    // a copy of the sources inside another repository is no commit of that one
    if !root.join(".git").exists() {
        return;
    }
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|changes| !changes.is_empty());
    println!("cargo::rustc-env=WGLOSS_COMMIT={commit}{}", if changed { " with changes" } else { "" });
    // the log of HEAD grows with every commit and checkout; of what else changes, the program's own sources
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]).map(|log| root.join(log));
    let sources = ["src", "shaders", "cli/src", "Cargo.lock"].map(|source| root.join(source));
    for path in sources.into_iter().chain(log).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it for build scripts")
}
