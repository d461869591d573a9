//! The rows of Direct3D 12: Microsoft's two compilers compile the kernels' HLSL, and the program runs under Wine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::drivers::{THOROUGHLY, VERIFY, verdict, with_drawn};
use super::machine::{Halt, need};
use super::place::{Outcome, Place, file_error};
use super::texts::{Compiled, counted, dealt, files};
use super::windows::{COMPILER, WINE, Windows, download, find};

/// The most CPU time that a compiler may take for a kernel, in milliseconds. A user waits for it before the first call.
const MOST: u64 = 3_000;

/// The Python package with Microsoft's DXC and its headers. It is downloaded when it is used, and never committed.
const DXC_PACKAGE: &str = "compushady==0.17.5";

/// The folders of HLSL for DXC, and the shader model of each.
const MODELS: &[(&str, &str)] = &[("hlsl-6.0", "cs_6_0"), ("hlsl-6.2", "cs_6_2")];

/// `fxc`: FXC, a library for Windows, compiles the HLSL of shader model 5.1 under Wine.
pub fn fxc(place: &Place) -> Result<Outcome, Halt> {
    let windows = Windows::with(place, &[COMPILER, WINE])?;
    let program = windows.fxc_program()?;
    windows.boot()?;
    let texts = files(&place.texts()?.join("hlsl-5.1"))?;
    let lists = windows.sid().path_in_opt("lists");
    fs::create_dir_all(&lists).map_err(|error| file_error(&lists, &error))?;
    let compile = |name: &str, files: &[&Path]| {
        let named =
            |path: &&Path| Some(format!("Z:/here/target/platforms/texts/hlsl-5.1/{}\n", path.file_name()?.to_str()?));
        let list = lists.join(format!("{name}.txt"));
        let lines: Vec<String> = files.iter().filter_map(named).collect();
        fs::write(&list, lines.concat()).map_err(|error| file_error(&list, &error))?;
        let list = format!("Z:/opt/wgloss/lists/{name}.txt");
        let mut fxc = windows.wine(&[program, "Z:/opt/wgloss/bin/d3dcompiler_47.dll", &list]);
        place.watch(&mut fxc, name, 60)?.success("FXC")
    };
    let mut printed = dealt(&texts, |worker, files| compile(&worker.to_string(), &files))?;
    let mut beside = Compiled::default();
    printed.iter().for_each(|printed| beside.read(printed, MOST));
    // two threads on one core slow each other down, in CPU time too, so kernels that seem slow are compiled again,
    // alone
    let is_slow = |path: &&Path| beside.slow.iter().any(|(_, file)| path.ends_with(file));
    let slow: Vec<&Path> = texts.iter().map(PathBuf::as_path).filter(is_slow).collect();
    if !slow.is_empty() {
        let of_others = |line: &&str| !beside.slow.iter().any(|(_, file)| line.contains(file.as_str()));
        for printed in &mut printed {
            *printed = printed.lines().filter(of_others).map(|line| format!("{line}\n")).collect();
        }
        printed.push(compile("alone", &slow)?);
    }
    let mut compiled = Compiled::default();
    printed.iter().for_each(|printed| compiled.read(printed, MOST));
    outcome(place, &compiled, texts.len(), format!("FXC (d3dcompiler_47) under {}", windows.name()))
}

/// `dxc`: DXC's library for Linux compiles the HLSL of shader models 6.0 and 6.2.
pub fn dxc(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["g++"])?;
    let folder = place.path("dxc");
    if !folder.join("libdxcompiler.so").exists() {
        fetch_dxc(place, &folder)?;
    }
    let (source, program) = (crate::run::root().join("xtask/platforms/dxc.cpp"), folder.join("dxc"));
    let mut compiler = Command::new("g++");
    compiler.args(["-O1", "-w", "-fms-extensions", "-I"]).arg(&folder).arg("-o").arg(&program).arg(source).arg("-ldl");
    place.watch(&mut compiler, "program", 5)?.success("compiling dxc.cpp")?;
    let (mut all, mut count) = (Compiled::default(), 0);
    for (name, model) in MODELS {
        let texts = files(&place.texts()?.join(name))?;
        let printed = dealt(&texts, |worker, files| {
            let list = folder.join(format!("{worker}.txt"));
            let lines: Vec<String> = files.iter().map(|path| format!("{}\n", path.display())).collect();
            fs::write(&list, lines.concat()).map_err(|error| file_error(&list, &error))?;
            let mut dxc = Command::new(&program);
            dxc.arg(folder.join("libdxcompiler.so")).arg(model).arg(&list);
            place.watch(&mut dxc, &format!("{name}-{worker}"), 60)?.success("DXC")
        })?;
        printed.iter().for_each(|printed| all.read(printed, MOST));
        count += texts.len();
    }
    outcome(place, &all, count, format!("DXC of {}", DXC_PACKAGE.replace("==", " ")))
}

fn fetch_dxc(place: &Place, folder: &Path) -> Result<(), Halt> {
    let archive = download(place, DXC_PACKAGE, &["--no-binary", ":all:"])?;
    let unpacked = place.empty_folder("downloads/unpacked")?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(&archive).arg("-C").arg(&unpacked);
    place.watch(&mut tar, "unpack", 5)?.success("unpacking DXC's package")?;
    fs::create_dir_all(folder).map_err(|error| file_error(folder, &error))?;
    let files = [
        ("dxcapi.h", "dxcapi.h"),
        ("WinAdapter.h", "WinAdapter.h"),
        ("libdxcompiler_x86_64.so.3.7", "libdxcompiler.so"),
    ];
    for (from, to) in files {
        let found = find(&unpacked, from).ok_or_else(|| Halt::Failed(format!("{DXC_PACKAGE} has no {from}")))?;
        fs::copy(found, folder.join(to)).map_err(|error| file_error(folder, &error))?;
    }
    Ok(())
}

/// The outcome of compiling `texts` texts. Prints those that were refused or slow.
fn outcome(place: &Place, compiled: &Compiled, texts: usize, with: String) -> Result<Outcome, Halt> {
    let names = fs::read_to_string(place.texts()?.join("names.tsv")).unwrap_or_default();
    let name = |file: &str| names.lines().find(|line| line.split('\t').next().is_some_and(|path| path.ends_with(file)));
    let file_of = |line: &str| line.split(": ").next().unwrap_or(line).to_owned();
    for refused in &compiled.refused {
        println!("refused: {refused}\n    {}", name(&file_of(refused)).unwrap_or_default());
    }
    for (milliseconds, file) in &compiled.slow {
        println!("{milliseconds} ms, more than {MOST}: {file}\n    {}", name(file).unwrap_or_default());
    }
    Ok(judged(compiled, texts, with))
}

fn judged(compiled: &Compiled, texts: usize, with: String) -> Outcome {
    let (refused, slow) = (compiled.refused.len(), compiled.slow.len());
    let slow = if slow > 0 { format!(", {slow} in more than {} s", MOST / 1000) } else { String::new() };
    let missing = texts.saturating_sub(compiled.count + refused);
    let missing = if missing > 0 { format!(", {missing} not reached") } else { String::new() };
    let slowest = compiled.slowest as f64 / 1000.0;
    let kernels = counted(compiled.count, "kernel");
    let result = format!("{kernels} compiled, {refused} refused{missing}; the slowest in {slowest:.1} s{slow}");
    let passed = refused == 0 && slow.is_empty() && compiled.count == texts && texts > 0;
    Outcome { passed, result, with }
}

/// Runs the conformance cases and then the drawn calls on Direct3D 12, with kernels of the kind `kernels`.
fn verify(place: &Place, kernels: &str) -> Result<Outcome, Halt> {
    let windows = Windows::with(place, &[COMPILER, WINE])?;
    windows.build()?;
    let kernels = [("WGLOSS_KERNELS", kernels)];
    let ended = windows.run(VERIFY, &kernels, "verify", 60)?;
    let mesa = windows.sid().version("mesa-vulkan-drivers");
    let outcome = verdict(&ended, format!("FXC under {}, Mesa {mesa}", windows.name()))?;
    with_drawn(outcome, &windows.run(THOROUGHLY, &kernels, "thorough", 60)?)
}

/// `dx12-gpu`: the cases with the kernels of GPUs.
pub fn by_kernels_of_gpus(place: &Place) -> Result<Outcome, Halt> {
    verify(place, "gpu")
}

/// `dx12-cpu`: the cases with the kernels of CPUs.
pub fn by_kernels_of_cpus(place: &Place) -> Result<Outcome, Halt> {
    verify(place, "cpu")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_or_missing_or_slow_kernel_fails_the_row() {
        let compiled = |count, refused: &[&str], slow: &[u64]| Compiled {
            count,
            refused: refused.iter().map(|line| line.to_string()).collect(),
            slowest: 1240,
            slow: slow.iter().map(|time| (*time, String::new())).collect(),
        };
        let passed = |compiled, texts| judged(&compiled, texts, String::new()).passed;
        assert!(passed(compiled(2, &[], &[]), 2));
        assert!(!passed(compiled(1, &["a: X4026"], &[]), 2));
        assert!(!passed(compiled(2, &[], &[3100]), 2));
        assert!(!passed(compiled(1, &[], &[]), 2));
        assert!(!passed(compiled(0, &[], &[]), 0));
        let said = judged(&compiled(1, &["a: X4026"], &[3100]), 2, String::new()).result;
        assert_eq!(said, "1 kernel compiled, 1 refused; the slowest in 1.2 s, 1 in more than 3 s");
        let said = judged(&compiled(1, &[], &[]), 3, String::new()).result;
        assert_eq!(said, "1 kernel compiled, 0 refused, 2 not reached; the slowest in 1.2 s");
    }
}
