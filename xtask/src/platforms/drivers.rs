//! The rows of drivers: they run the conformance cases, in every dtype, on a driver of the machine or of Debian
//! unstable.

use std::path::Path;
use std::process::Command;

use super::machine::{Ended, Halt, last_lines, need};
use super::place::{Outcome, Place};

/// The most minutes that the cases may take.
const MINUTES: u64 = 40;

/// The most address space of a program on SwiftShader, in KiB. SwiftShader asks for gigabytes when it compiles a kernel
/// badly.
const ADDRESSES: &str = "8388608";

/// The program's arguments for the cases, and for as many drawn calls as fit into the seconds.
pub const VERIFY: &[&str] = &["verify", "--device", "gpu", "--dtype", "all", "--strict"];
pub const THOROUGHLY: &[&str] = &["verify", "--thorough", "--seconds", "120"];

/// Variables that could choose another driver, or other kernels, than the row's.
const CHOOSING: &[&str] =
    &["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "WGPU_BACKEND", "WGPU_ADAPTER_NAME", "WGLOSS_KERNELS"];

/// `lavapipe`: Vulkan of the machine's Mesa.
pub fn lavapipe(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["mesa-vulkan-drivers", "libvulkan1"])?;
    let driver = [("WGPU_BACKEND", "vulkan"), ("WGPU_ADAPTER_NAME", "llvmpipe")];
    let program = place.program()?;
    verify(place, || on_machine(program, &[], &driver))
}

/// `other-kernels`: the kernels that adapters of other kinds get, on the machine's Mesa.
pub fn other_kernels(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["mesa-vulkan-drivers", "libvulkan1"])?;
    let program = place.program()?;
    let (mut passed, mut results) = (true, Vec::new());
    for kind in ["gpu", "small", "plain"] {
        let driver = [("WGPU_BACKEND", "vulkan"), ("WGPU_ADAPTER_NAME", "llvmpipe"), ("WGLOSS_KERNELS", kind)];
        let mut cases = on_machine(program, &[], &driver);
        let ended = place.watch(cases.args(["verify", "--device", "gpu", "--strict"]), kind, MINUTES)?;
        let mut outcome = verdict(&ended, String::new())?;
        if kind == "gpu" {
            let drawn = place.watch(on_machine(program, &[], &driver).args(THOROUGHLY), "thorough", MINUTES)?;
            outcome = with_drawn(outcome, &drawn)?;
        }
        passed &= outcome.passed;
        results.push(format!("{kind}: {}", outcome.result));
    }
    let mut devices = on_machine(program, &[], &[("WGPU_BACKEND", "vulkan"), ("WGPU_ADAPTER_NAME", "llvmpipe")]);
    let devices = place.watch(devices.arg("devices"), "devices", 5)?.success("wgloss devices")?;
    Ok(Outcome { passed, result: results.join("; "), with: driver(&devices) })
}

/// `every-loss`: the GPU's tests for every loss, on the adapter that the tests use.
pub fn every_loss(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["mesa-vulkan-drivers", "libvulkan1"])?;
    let mut devices = Command::new(place.program()?);
    let devices = place.watch(devices.arg("devices"), "devices", 5)?.success("wgloss devices")?;
    Ok(Outcome { with: driver(&devices), ..place.tests(&["--test", "gpu"], "WGLOSS_EVERY_LOSS")? })
}

/// `gl`: GL of the machine's Mesa.
pub fn gl(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["libegl-mesa0", "libegl1", "libgl1-mesa-dri"])?;
    let program = place.program()?;
    verify(place, || on_machine(program, &[], &[("WGPU_BACKEND", "gl"), ("LIBGL_ALWAYS_SOFTWARE", "1")]))
}

/// `swiftshader`: the driver of a browser without a GPU.
pub fn swiftshader(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["chromium-common", "libvulkan1"])?;
    let driver = [("WGPU_BACKEND", "vulkan"), ("VK_DRIVER_FILES", "/usr/lib/chromium/vk_swiftshader_icd.json")];
    let program = place.program()?;
    let limited = ["sh", "-c", "ulimit -v \"$0\" && exec \"$@\"", ADDRESSES];
    let outcome = verify(place, || on_machine(program, &limited, &driver))?;
    Ok(Outcome {
        with: format!("SwiftShader of chromium {}", super::machine::version(None, "chromium-common")),
        ..outcome
    })
}

/// `mesa-256`: the newest Mesa, with the vector length of most CPUs.
pub fn newest_mesa(place: &Place) -> Result<Outcome, Halt> {
    in_sid(place, "256")
}

/// `mesa-512`: the newest Mesa with longer vectors, so that subgroups have 16 lanes.
pub fn newest_mesa_wide(place: &Place) -> Result<Outcome, Halt> {
    in_sid(place, "512")
}

fn in_sid(place: &Place, bits: &str) -> Result<Outcome, Halt> {
    let sid = place.sid()?;
    // the program is built on the machine: built with the machine's older C library, it runs inside too
    let program = path_inside(place.program()?)?;
    let driver = [("WGPU_BACKEND", "vulkan"), ("LP_NATIVE_VECTOR_WIDTH", bits)];
    let outcome = verify(place, || sid.command(&driver, &[&program]))?;
    match outcome.with.contains(&format!("{bits} bits")) {
        true => Ok(outcome),
        false => Err(Halt::LeftOut(format!("this CPU has no vectors of {bits} bits: the driver is {}", outcome.with))),
    }
}

/// The path of a file of the project inside the folder with Debian unstable.
pub fn path_inside(path: &Path) -> Result<String, Halt> {
    match path.strip_prefix(crate::run::root()) {
        Ok(path) => Ok(format!("/here/{}", path.display())),
        Err(_) => Err(Halt::LeftOut(format!("{} lies outside the project: unset CARGO_TARGET_DIR", path.display()))),
    }
}

/// A command that runs the program on the machine, with the words `before` in front of it.
fn on_machine(program: &Path, before: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut words = before.iter().map(Path::new).chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    for name in CHOOSING {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}

/// Asks which driver the program uses, then runs the cases and the drawn calls on it.
fn verify(place: &Place, program: impl Fn() -> Command) -> Result<Outcome, Halt> {
    let devices = place.watch(program().arg("devices"), "devices", 5)?.success("wgloss devices")?;
    let ended = place.watch(program().args(VERIFY), "verify", MINUTES)?;
    let outcome = verdict(&ended, driver(&devices))?;
    let outcome = Outcome { result: format!("{}; {} MiB", outcome.result, ended.memory), ..outcome };
    let drawn = place.watch(program().args(THOROUGHLY), "thorough", MINUTES)?;
    with_drawn(outcome, &drawn)
}

/// Adds the counts of the drawn calls to the outcome of the cases.
pub fn with_drawn(outcome: Outcome, ended: &Ended) -> Result<Outcome, Halt> {
    let of = |line: &str| {
        let (_, counts) = line.trim().strip_prefix("seed ")?.split_once(" seconds: ")?;
        let (counts, left_out) = counts.strip_suffix(" left out")?.rsplit_once(", ")?;
        let (passed, failed) = self::counts(counts)?;
        Some((passed, failed, left_out.parse::<usize>().ok()?))
    };
    let Some((passed, failed, left_out)) = ended.printed.lines().rev().find_map(of) else {
        let last = last_lines(&ended.printed, 6);
        return Err(Halt::Failed(format!("`verify --thorough` did not get to its end:\n{last}")));
    };
    for line in ended.printed.lines().filter(|line| line.starts_with("FAILED")).take(30) {
        println!("{}", line.trim());
    }
    let rest = if left_out > 0 { format!(", {left_out} left out") } else { String::new() };
    let result = format!("{}; drawn: {passed} passed, {failed} failed{rest}", outcome.result);
    Ok(Outcome { passed: outcome.passed && failed == 0 && passed > 0 && ended.succeeded, result, ..outcome })
}

/// The driver of the adapter that is used, from the output of `wgloss devices`.
fn driver(devices: &str) -> String {
    let mut used = devices.lines().skip_while(|line| !line.ends_with(" (used)"));
    let named = used.find_map(|line| line.trim().strip_prefix("driver "));
    let bits = devices.lines().find_map(|line| line.strip_suffix(" (used)"));
    let bits = bits.and_then(|name| name.rsplit(", ").next()?.strip_suffix(')')?.strip_suffix(" bits"));
    let bits = bits.map(|bits| format!(", {bits} bits")).unwrap_or_default();
    format!("{}{bits}", named.unwrap_or("of an unknown name").trim())
}

/// The outcome of the cases, from the last line of `verify`.
pub fn verdict(ended: &Ended, with: String) -> Result<Outcome, Halt> {
    let last = ended.printed.lines().rev().map(str::trim).find_map(counts);
    let Some((passed, failed)) = last else {
        return Err(Halt::Failed(format!("`verify` did not get to its end:\n{}", last_lines(&ended.printed, 6))));
    };
    for line in ended.printed.lines().filter(|line| line.contains(" failed,") && !line.contains(" 0 failed,")).take(30)
    {
        println!("{}", line.trim());
    }
    let result = format!("{passed} passed, {failed} failed");
    Ok(Outcome { passed: failed == 0 && passed > 0 && ended.succeeded, result, with })
}

/// Parses a line `N passed, M failed`.
fn counts(line: &str) -> Option<(usize, usize)> {
    let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some((passed.parse().ok()?, failed.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(printed: &str, succeeded: bool) -> Ended {
        Ended { succeeded, printed: printed.into(), memory: 0 }
    }

    #[test]
    fn the_last_line_is_the_result() {
        let of = |printed, succeeded| verdict(&ended(printed, succeeded), "X".into());
        let outcome = |passed, result: &str| Ok(Outcome { passed, result: result.into(), with: "X".into() });
        assert_eq!(
            of("mse gpu 5 passed, 0 failed, worst\n12 passed, 0 failed\n", true),
            outcome(true, "12 passed, 0 failed")
        );
        assert_eq!(of("12 passed, 3 failed\r\n", false), outcome(false, "12 passed, 3 failed"));
        // a program that fails after its last line has not passed
        assert_eq!(of("12 passed, 0 failed\n", false), outcome(false, "12 passed, 0 failed"));
        assert_eq!(of("0 passed, 0 failed\n", true), outcome(false, "0 passed, 0 failed"));
        assert!(of("mse gpu 5 passed, 0 failed, worst\n", true).is_err());
    }

    #[test]
    fn the_result_has_the_cases_and_the_drawn_calls() {
        let cases = || Outcome { passed: true, result: "9 passed, 0 failed".into(), with: "X".into() };
        let of = |printed, succeeded| with_drawn(cases(), &ended(printed, succeeded));
        let outcome = |passed, result: &str| Ok(Outcome { passed, result: result.into(), with: "X".into() });
        let good = "labels 4 passed, 0 failed\nseed 1, 62 seconds: 110 passed, 0 failed, 37 left out\n";
        assert_eq!(of(good, true), outcome(true, "9 passed, 0 failed; drawn: 110 passed, 0 failed, 37 left out"));
        assert_eq!(of(good, false), outcome(false, "9 passed, 0 failed; drawn: 110 passed, 0 failed, 37 left out"));
        let bad = "FAILED mse, labels: no\nseed 1, 62 seconds: 110 passed, 2 failed, 0 left out\n";
        assert_eq!(of(bad, true), outcome(false, "9 passed, 0 failed; drawn: 110 passed, 2 failed"));
        assert!(of("labels 4 passed, 0 failed\n", true).is_err());
    }

    #[test]
    fn the_driver_of_the_used_adapter_is_found() {
        let devices = "other (LLVM 15, 512 bits)\n  driver   no\nllvmpipe (LLVM 15.0.6, 256 bits) (used)\n  driver                     llvmpipe Mesa 22\n  type  Cpu\n";
        assert_eq!(driver(devices), "llvmpipe Mesa 22, 256 bits");
        assert_eq!(driver("SwiftShader (used)\n  driver   SwiftShader 5\n"), "SwiftShader 5");
    }
}
