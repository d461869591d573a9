//! `cargo xtask bench --pack`: makes an archive that measures a GPU on a machine with a driver and python3 with torch,
//! but without Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{FOLDER, versions};
use crate::run::{Line, Stop, cargo, output, root, run};

/// The folder that the archive unpacks to.
const NAME: &str = "wgloss-bench";

/// The most bytes of an archive.
const LIMIT: u64 = 60 << 20;

/// The Vulkan loader, for machines that have none. Left out if this machine has none.
const LOADER: &str = "lib/libvulkan.so.1";

/// The paths of the loader on several distributions.
const LOADERS: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/libvulkan.so.1",
    "/usr/lib/aarch64-linux-gnu/libvulkan.so.1",
    "/usr/lib64/libvulkan.so.1",
    "/usr/lib/libvulkan.so.1",
];

/// How a file of the archive is made.
enum Source {
    /// Built by a cargo command, without symbols.
    Built(&'static [&'static str]),
    /// Copied from the project.
    File(&'static str),
    /// The machine's Vulkan loader.
    Loader,
    /// A text with the versions, the commit and the day.
    About,
}

/// The files of the archive. It needs no inputs: on the other machine, the report draws them from seeds, for wgloss and for
/// the peers.
const FILES: [(&str, Source); 6] = [
    ("ABOUT", Source::About),
    (LOADER, Source::Loader),
    ("pytorch.py", Source::File("benches/peers/pytorch.py")),
    ("report", Source::Built(&["--profile", "bench", "-p", "wgloss-bench", "--bench", "report"])),
    ("run.sh", Source::File("benches/pack/run.sh")),
    ("wgloss", Source::Built(&["--release", "-p", "wgloss-cli", "--bin", "wgloss"])),
];

/// Makes the archive, and prints how to use it.
pub fn pack() -> Result<(), Stop> {
    if !cfg!(target_os = "linux") {
        return Err(Stop::Failed(
            "a pack can only be made on Linux, for Linux, because its run script needs a POSIX shell".to_owned(),
        ));
    }
    let folder = root().join(FOLDER).join(NAME);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|why| failed(&folder, why))?;
    }
    let mut expected = Vec::new();
    for (name, source) in &FILES {
        let to = folder.join(name);
        fs::create_dir_all(to.parent().unwrap_or(&folder)).map_err(|why| failed(&to, why))?;
        if place(source, &to)? {
            expected.push(*name);
        } else {
            println!("left out: {name} (this machine has none; the pack needs a machine that has one)");
        }
    }
    let archive = root().join(FOLDER).join("pack.tar.gz");
    let size = archived(&folder, &archive, &expected, LIMIT)?;
    println!(
        "{FOLDER}/pack.tar.gz has {:.1} MiB. On Linux with a GPU's driver, {}, unpack it and run\n\n    \
         tar -xzf pack.tar.gz\n    sh {NAME}/run.sh\n",
        size as f64 / f64::from(1 << 20),
        glibc().map_or("and a libc like this one's".to_owned(), |glibc| format!("and {glibc} or newer")),
    );
    Ok(())
}

/// Writes a file of the archive to `to`. False if this machine does not have the file.
fn place(source: &Source, to: &Path) -> Result<bool, Stop> {
    let from = match source {
        Source::Built(args) => built(args)?,
        Source::File(path) => root().join(path),
        Source::Loader => match LOADERS.map(PathBuf::from).into_iter().find(|path| path.is_file()) {
            Some(path) => path,
            None => return Ok(false),
        },
        Source::About => {
            let glibc = glibc().map(|glibc| format!("; built on {glibc}")).unwrap_or_default();
            let about = format!("packed of {}{glibc}\n", versions::line());
            return fs::write(to, about).map(|()| true).map_err(|why| failed(to, why));
        }
    };
    // `copy` follows links and keeps the mode of executables
    fs::copy(&from, to).map(|_| true).map_err(|why| failed(&from, why))
}

/// Builds an executable without symbols, and returns its path.
fn built(args: &[&str]) -> Result<PathBuf, Stop> {
    let mut command = cargo(&["rustc", "--message-format=json-render-diagnostics"]);
    // `cargo rustc` passes the flag to the last crate only, so that all other crates are shared with builds of the same profile
    command.args(args).args(["--", "-C", "strip=symbols"]);
    println!("> {}", Line(&command));
    let messages = output(&mut command)?;
    let place = executable(&messages).map(PathBuf::from);
    place.ok_or_else(|| Stop::Failed(format!("{} names no executable", Line(&command))))
}

/// The path of the executable in cargo's messages. Each message is a line of JSON.
fn executable(messages: &str) -> Option<&str> {
    let named = |line: &'_ str| line.split_once("\"executable\":\"").map(|(before, _)| before.len());
    let line = messages.lines().rfind(|line| named(line).is_some())?;
    line.split_once("\"executable\":\"")?.1.split_once('"').map(|(path, _)| path)
}

/// Archives a folder and returns the size. Fails if the archive is too large or does not hold the expected files.
fn archived(folder: &Path, archive: &Path, expected: &[&str], limit: u64) -> Result<u64, Stop> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut tar = Command::new("tar");
    // the archive does not name the user who made it
    tar.args(["--owner=0", "--group=0", "--numeric-owner", "-czf"]).arg(archive);
    run(tar.arg("-C").arg(folder.parent().unwrap_or(folder)).arg(&*name))?;

    let list = output(Command::new("tar").arg("-tzf").arg(archive))?;
    let prefix = format!("{name}/");
    let mut files: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
    files.retain(|file| !file.is_empty() && !file.ends_with('/'));
    files.sort_unstable();
    if files != expected {
        return Err(Stop::Failed(format!("the archive has {files:?}, and should have {expected:?}")));
    }
    let size = fs::metadata(archive).map_err(|why| failed(archive, why))?.len();
    if size > limit {
        return Err(Stop::Failed(format!("the archive has {size} bytes, more than the {limit} that it may have")));
    }
    Ok(size)
}

/// The version of glibc, if this machine has it. The executables need this version or a newer one.
fn glibc() -> Option<String> {
    let said = output(Command::new("getconf").arg("GNU_LIBC_VERSION")).ok()?;
    let said = said.trim();
    said.starts_with("glibc ").then(|| said.to_owned())
}

fn failed(path: &Path, why: impl std::fmt::Display) -> Stop {
    Stop::Failed(format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{answers, succeed};

    const SCRIPT: &str = include_str!("../../../benches/pack/run.sh");

    /// The steps of the run script. Each has the function that runs, a name, a limit in seconds, and further arguments.
    fn steps() -> Vec<Vec<&'static str>> {
        let (_, steps) =
            SCRIPT.split_once("# The steps, most valuable first").expect("the script says where its steps begin");
        let kinds = ["verify ", "ours ", "peer "];
        let lines = steps.lines().filter(|line| kinds.iter().any(|kind| line.starts_with(kind)));
        lines.map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn the_most_valuable_steps_come_first() {
        let order: Vec<(&str, u64)> = steps().iter().map(|step| (step[1], step[2].parse().unwrap())).collect();
        assert_eq!(
            order,
            [
                ("verify-f32", 60),
                ("headline-f32", 90),
                ("eager-f32", 60),
                ("headline-f16", 60),
                ("eager-f16", 45),
                ("compile-f32", 90),
                ("products", 60),
                ("eager-products", 30),
                ("verify-f16", 60),
                ("verify-bf16", 60),
            ]
        );
        assert!(SCRIPT.contains("budget=480 "), "all steps take 8 minutes");
    }

    #[test]
    fn a_peer_uses_the_inputs_of_an_earlier_step() {
        let mut written = Vec::new();
        for step in steps() {
            match step[0] {
                "ours" if step.contains(&"--inputs") => written.push(step[3]),
                // fields 3 to 5 are the mode, the set, and the set whose inputs it uses
                "peer" => assert!(written.contains(&step[5]), "{step:?} after {written:?}"),
                _ => {}
            }
        }
        assert_eq!(written, ["f32", "products"]);
    }

    #[test]
    fn the_archive_has_the_files_that_the_script_uses() {
        let used = SCRIPT.split("\"$here/").skip(1).map(|rest| rest.split_once('"').unwrap().0);
        let mut used: Vec<&str> = used.collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, ["ABOUT", "lib", "pytorch.py", "report", "wgloss"]);
        let packed = |used: &str| FILES.iter().any(|(name, _)| *name == used || name.starts_with(&format!("{used}/")));
        assert!(used.iter().all(|used| packed(used)));
        assert!(FILES.is_sorted_by_key(|(name, _)| *name), "sorted like the listing of an archive");
        for (name, source) in &FILES {
            if let Source::File(path) = source {
                assert!(root().join(path).is_file(), "{name} is {path}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_script_parses_and_checks_its_arguments() {
        let script = root().join("benches/pack/run.sh");
        assert_eq!(succeed(Command::new("sh").arg("-n").arg(&script)), Ok(()));
        for wrong in [&["--budget", "soon"][..], &["--slow"], &["--out", "."]] {
            assert!(!answers(Command::new("sh").arg(&script).args(wrong)), "{wrong:?}");
        }
        assert!(answers(Command::new("sh").arg(&script).arg("--help")));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_archive_with_other_files_or_too_many_bytes_is_refused() {
        let base = std::env::temp_dir().join(format!("wgloss-pack-{}", std::process::id()));
        let folder = base.join(NAME);
        fs::create_dir_all(folder.join("lib")).unwrap();
        let names = FILES.map(|(name, _)| name);
        names.iter().for_each(|name| fs::write(folder.join(name), name).unwrap());
        let archive = base.join("pack.tar.gz");
        let size = archived(&folder, &archive, &names, LIMIT).unwrap();
        assert_eq!(archived(&folder, &archive, &names, size), Ok(size));
        let refused =
            |expected: &[&str], limit| format!("{:?}", archived(&folder, &archive, expected, limit).unwrap_err());
        assert!(refused(&names, size - 1).contains("more than the"));
        assert!(refused(&names[1..], LIMIT).contains("should have"));
        fs::write(folder.join("stray"), "").unwrap();
        assert!(refused(&names, LIMIT).contains("stray"));
        assert_eq!(LIMIT, 60 * 1024 * 1024);
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn the_executable_is_found_in_messages_of_cargo() {
        let artifact =
            |path: &str| format!("{{\"reason\":\"compiler-artifact\",\"executable\":{path},\"fresh\":true}}\n");
        let messages =
            artifact("null") + &artifact("\"/t/release/deps/report-1\"") + "{\"reason\":\"build-finished\"}\n";
        assert_eq!(executable(&messages), Some("/t/release/deps/report-1"));
        assert_eq!(executable(&artifact("null")), None);
    }
}
