//! Packs the conformance cases into one compressed file that the crate embeds.

use flate2::{Compression, write::GzEncoder};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let cases = Path::new(&variable("CARGO_MANIFEST_DIR")).join("v1");
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
    Ok(())
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it for build scripts")
}
