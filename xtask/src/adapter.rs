//! The set-up: a usable GPU adapter is found, or a software one is installed, or the user is told how.

use std::env::consts::OS;
use std::fs;
use std::process::Command;

use crate::args::Install;
use crate::distribution::{Distribution, Step, shell_line};
use crate::run::{Stop, answers, cargo, run, status, succeed};

/// Makes sure that the machine has an adapter, or stops with what the user can do about it.
///
/// The program that looks is built in the profile that the caller goes on with, so that dependencies are built once.
pub fn set_up(install: Install, profile: &'static str) -> Result<(), Stop> {
    // Built apart from its run: a build that fails must not read as "no adapter".
    run(&mut cargo(&["build", "--profile", profile, "-p", "wgloss-cli"]))?;
    if found(profile)? {
        return Ok(());
    }

    let Some(distribution) = this_distribution() else {
        return Err(Stop::NoAdapter(format!(
            "how a software Vulkan driver is installed is known for Debian, Fedora and their \
             derivatives only, and this system ({OS}) is neither. Install a driver for your GPU, or \
             Mesa's software Vulkan driver (lavapipe) with the Vulkan loader, and run this again"
        )));
    };
    let steps = distribution.install_steps();
    let root = is_root();
    let advice = advice(steps, root);
    if install == Install::Forbidden {
        return Err(Stop::NoAdapter(format!("--no-install was given. {advice}")));
    }
    let prefix: &[&str] = if root { &[] } else { &["sudo", "-n"] };
    if !root && !answers(Command::new("sudo").args(["-n", "true"])) {
        return Err(Stop::NoAdapter(format!(
            "only root may install one, and sudo would ask for a password or isn't there. {advice}"
        )));
    }

    println!("no usable GPU adapter: installing the distribution's software Vulkan driver with");
    println!("> {}", shell_line(steps, prefix));
    for step in steps {
        if let Err(Stop::Failed(why) | Stop::NoAdapter(why)) = perform(step, prefix) {
            return Err(Stop::NoAdapter(format!("installing one failed: {why}. {advice}")));
        }
    }
    if found(profile)? {
        return Ok(());
    }
    Err(Stop::NoAdapter(
        "the software Vulkan driver is installed, and there is still none. Set the variables that \
         choose drivers aside (VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_LOADER_DRIVERS_DISABLE, those \
         that begin with WGPU_) and see what `vulkaninfo --summary` says"
            .to_owned(),
    ))
}

/// Asks the project's own program, since what it would use is what counts.
fn found(profile: &'static str) -> Result<bool, Stop> {
    let ended = status(&mut cargo(&["run", "--profile", profile, "-q", "-p", "wgloss-cli", "--", "devices"]))?;
    verdict(ended.code()).ok_or_else(|| {
        Stop::Failed(format!("`wgloss devices` says neither that there is an adapter nor that there is none ({ended})"))
    })
}

/// What the exit status of `wgloss devices` means: 0 an adapter, 1 none; a panic or a signal neither.
fn verdict(code: Option<i32>) -> Option<bool> {
    match code {
        Some(0) => Some(true),
        Some(1) => Some(false),
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

fn this_distribution() -> Option<Distribution> {
    if OS != "linux" {
        return None;
    }
    // os-release(5): the second stands in where the first is missing.
    let text = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release")).ok()?;
    Distribution::from_os_release(&text)
}

fn is_root() -> bool {
    // The standard library has no call for the user's id.
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn perform(step: Step, prefix: &[&str]) -> Result<(), Stop> {
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
    fn only_the_two_promised_statuses_are_an_answer() {
        for (code, meaning) in
            [(Some(0), Some(true)), (Some(1), Some(false)), (Some(2), None), (Some(101), None), (None, None)]
        {
            assert_eq!(verdict(code), meaning, "{code:?}");
        }
    }

    #[test]
    fn the_advice_is_for_the_user_at_hand() {
        let steps = Distribution::Fedora.install_steps();
        assert!(advice(steps, true).contains("\n    dnf install"));
        assert!(advice(steps, false).contains("\n    sudo dnf install"));
    }

    // Silent commands, so that the tests' own output stays readable.
    #[cfg(unix)]
    #[test]
    fn a_step_that_fails_stops() {
        assert_eq!(perform(&["true"], &[]), Ok(()));
        assert!(perform(&["false"], &["env"]).is_err());
        assert!(perform(&["true"], &["no-such-sudo"]).is_err());
    }
}
