//! No adapter, a name that no adapter has, a backend that is missing. Each is provoked in its own process, because
//! environment variables choose the adapter, and they belong to the whole process.

use crate::Fault;
use crate::harness::tests;
use libtest_mimic::Trial;
use std::process::Command;
use wgloss::{Error, Gpu};

/// The tests that a fault starts in a new process. They are marked as ignored, since they need the environment that the
/// fault sets.
pub fn children() -> impl Iterator<Item = Trial> {
    tests![child].into_iter().map(|test| test.with_ignored_flag(true))
}

/// Prints the number of adapters, and whether a context can be made: `ok`, or the kind and text of the error.
fn child() {
    let report = wgloss::adapters().len();
    println!("told: {report} {}", Gpu::new().map_or_else(|error| format!("{} {error}", error.kind()), |_| "ok".into()));
}

/// Makes a context in a new process that has this environment variable.
fn with(variable: &str, value: &str) -> Result<(), Error> {
    let program = std::env::current_exe().expect("this program");
    let child = ["--exact", "adapters::child", "--ignored", "--nocapture"];
    let output = Command::new(program).args(child).env(variable, value).output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told =
        text.lines().find_map(|line| line.split_once("told: ")).unwrap_or_else(|| panic!("{text}")).1.to_string();
    assert!(told.contains(value), "{told} does not name {value}");
    match told.contains(" no_adapter ") {
        true => Err(Error::NoAdapter(told)),
        false => Ok(()),
    }
}

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "an adapter's name that none has",
        provoke: |_| with("WGPU_ADAPTER_NAME", "no such adapter"),
        expected: "no_adapter",
    },
    Fault { name: "a backend without an adapter", provoke: |_| with("WGPU_BACKEND", "metal"), expected: "no_adapter" },
    Fault {
        name: "a backend that does not exist",
        provoke: |_| with("WGPU_BACKEND", "nosuch"),
        expected: "no_adapter",
    },
];
