//! Finds a usable GPU adapter, installs a software one, or says how to install one.

use std::env::consts::OS;
use std::fs;
use std::process::{Command, Stdio};

use crate::args::Install;
use crate::distribution::{self, Distribution, Step, shell_line};
use crate::run::{Stop, answers, cargo, run, succeed};

/// Makes sure that the machine has an adapter, or stops with advice to the user.
///
/// The program that looks for adapters is built with the profile that the caller builds with, so that dependencies are
/// built once.
pub fn set_up(install: Install, profile: &'static str) -> Result<(), Stop> {
    // Built before it runs, so that a failed build is not taken for "no adapter".
    run(&mut cargo(&["build", "--profile", profile, "-p", "wgloss-cli"]))?;
    set_up_by(install, &|| cargo(&["run", "--profile", profile, "-q", "-p", "wgloss-cli", "--", "devices"]))
}

/// As [`set_up`], with a command that runs `wgloss devices`.
pub fn set_up_by(install: Install, devices: &dyn Fn() -> Command) -> Result<(), Stop> {
    let before = found(devices())?;
    let missing = match before {
        Found::Adapter => return Ok(()),
        Found::SoftwareGl => "no GPU, and the only software driver is GL's, which runs one thread at a time",
        Found::None => "no usable GPU adapter",
    };
    let (steps, prefix) = match way_to_install(install) {
        Ok(way) => way,
        Err(_) if before == Found::SoftwareGl => return Ok(()),
        Err(why) => return Err(Stop::NoAdapter(why)),
    };

    println!("{missing}: installing the distribution's software Vulkan driver with");
    println!("> {}", shell_line(steps, prefix));
    for step in steps {
        if let Err(Stop::Failed(why) | Stop::NoAdapter(why)) = perform(step, prefix) {
            if before == Found::SoftwareGl {
                println!("installing one failed ({why}): going on with GL's");
                return Ok(());
            }
            let advice = advice(steps, prefix.is_empty());
            return Err(Stop::NoAdapter(format!("installing one failed: {why}. {advice}")));
        }
    }
    // with WGPU_BACKEND=gl the adapter is still GL's, which is fine
    if found(devices())? != Found::None {
        return Ok(());
    }
    Err(Stop::NoAdapter(
        "the software Vulkan driver is installed, and there is still none. Set the variables that \
         choose drivers aside (VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_LOADER_DRIVERS_DISABLE, those \
         that begin with WGPU_) and see what `vulkaninfo --summary` says"
            .to_owned(),
    ))
}

/// The steps that install a software driver, and the prefix to run them with; or why none can be installed, and advice.
fn way_to_install(install: Install) -> Result<(&'static [Step], &'static [&'static str]), String> {
    let Some(distribution) = this_distribution() else {
        let text = os_release();
        let system = text.as_deref().and_then(distribution::name).unwrap_or(OS);
        return Err(format!(
            "how a software Vulkan driver is installed is known for Debian, Fedora and their \
             derivatives only, and this system ({system}) is neither. Install a driver for your GPU, or \
             Mesa's software Vulkan driver (lavapipe) with the Vulkan loader, and run this again"
        ));
    };
    let steps = distribution.install_steps();
    let root = is_root();
    let advice = advice(steps, root);
    if install == Install::Forbidden {
        return Err(format!("--no-install was given. {advice}"));
    }
    if !root && !answers(Command::new("sudo").args(["-n", "true"])) {
        return Err(format!("only root may install one, and sudo would ask for a password or isn't there. {advice}"));
    }
    Ok((steps, if root { &[] } else { &["sudo", "-n"] }))
}

/// The kind of adapter that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    Adapter,
    /// Mesa's GL on the CPU, which comes with a desktop.
    SoftwareGl,
    None,
}

/// Asks `wgloss devices`, because the program's own choice is what matters.
fn found(mut devices: Command) -> Result<Found, Stop> {
    let ended = devices.stderr(Stdio::inherit()).output();
    let ended = ended.map_err(|error| Stop::Failed(format!("`wgloss devices` does not start: {error}")))?;
    verdict(ended.status.code(), &String::from_utf8_lossy(&ended.stdout)).ok_or_else(|| {
        let status = ended.status;
        Stop::Failed(format!(
            "`wgloss devices` says neither that there is an adapter nor that there is none ({status})"
        ))
    })
}

/// Interprets the exit status of `wgloss devices` (0 an adapter, 1 none, `None` for anything else) and its lines about
/// the adapter that is used.
fn verdict(code: Option<i32>, devices: &str) -> Option<Found> {
    let mut used = devices.lines().skip_while(|line| !line.ends_with(" (used)")).skip(1);
    let used: Vec<&str> = used.by_ref().take_while(|line| line.starts_with(' ')).collect();
    let is = |what: &str, value: &str| used.iter().any(|line| line.split_whitespace().eq([what, value]));
    match code {
        Some(0) if is("backend", "gl") && is("type", "Cpu") => Some(Found::SoftwareGl),
        Some(0) => Some(Found::Adapter),
        Some(1) => Some(Found::None),
        _ => None,
    }
}

fn advice(steps: &[Step], root: bool) -> String {
    let prefix: &[&str] = if root { &[] } else { &["sudo"] };
    format!(
        "Install the distribution's software Vulkan driver, then run this again:\n\n    {}\n",
        shell_line(steps, prefix)
    )
}

/// The family of this Linux distribution, if it is known.
pub fn this_distribution() -> Option<Distribution> {
    Distribution::from_os_release(&os_release()?)
}

/// The text that describes this Linux distribution.
fn os_release() -> Option<String> {
    if OS != "linux" {
        return None;
    }
    // os-release(5) names both files; the second is the fallback.
    fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release")).ok()
}

/// Whether the user is root.
pub fn is_root() -> bool {
    // The standard library cannot tell the user's id.
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs a step with its prefix.
pub fn perform(step: Step, prefix: &[&str]) -> Result<(), Stop> {
    let words = [prefix, step].concat();
    match words.split_first() {
        Some((program, arguments)) => succeed(Command::new(program).args(arguments)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exit_statuses_0_and_1_are_an_answer() {
        let listed = |kind: &str, backend: &str| {
            format!(
                "other\n  type  Cpu\n  backend  gl\nthis (used)\n  driver  4.5 gl\n  type  {kind}\n  backend  {backend}\n"
            )
        };
        for (code, devices, meaning) in [
            (Some(0), listed("Cpu", "vulkan"), Some(Found::Adapter)),
            (Some(0), listed("IntegratedGpu", "gl"), Some(Found::Adapter)),
            (Some(0), listed("Cpu", "gl"), Some(Found::SoftwareGl)),
            (Some(1), String::new(), Some(Found::None)),
            (Some(2), String::new(), None),
            (Some(101), String::new(), None),
            (None, String::new(), None),
        ] {
            assert_eq!(verdict(code, &devices), meaning, "{code:?} {devices}");
        }
    }

    #[test]
    fn the_advice_uses_sudo_unless_the_user_is_root() {
        let steps = Distribution::Fedora.install_steps();
        assert!(advice(steps, true).contains("\n    dnf install"));
        assert!(advice(steps, false).contains("\n    sudo dnf install"));
    }

    // These commands print nothing, which keeps the output of the tests readable.
    #[cfg(unix)]
    #[test]
    fn a_step_that_fails_stops() {
        assert_eq!(perform(&["true"], &[]), Ok(()));
        assert!(perform(&["false"], &["env"]).is_err());
        assert!(perform(&["true"], &["no-such-sudo"]).is_err());
    }
}
