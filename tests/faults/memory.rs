//! Memory that runs out. Each is tried by a process of its own, whose memory the system limits.

use crate::harness::tests;
use crate::{Fault, told, usable};
use libtest_mimic::Trial;
use std::process::Command;
use wgloss::wgpu::DeviceType;
use wgloss::{DiceCrossEntropy, Error, Gpu, Gradient, Mse, Outputs, Reduction, Tensor};

/// How many kilobytes of addresses a child may have: some gigabytes more than a driver takes.
const KILOBYTES: u64 = 8 << 20;

/// The elements of a large tensor: a quarter of a gigabyte.
const LARGE: usize = 1 << 26;

/// Tensors until there is room for so many more.
fn filled(gpu: &Gpu, room: usize) -> Result<Vec<Tensor>, Error> {
    let (mut tensors, before) = (Vec::new(), gpu.memory());
    let error = loop {
        match gpu.empty([LARGE]) {
            Ok(tensor) => tensors.push(tensor),
            Err(error) => break error,
        }
    };
    let Error::OutOfMemory(message) = &error else { return Err(error) };
    assert!(message.contains(&(4 * LARGE).to_string()), "{message} does not say how much");
    let held = gpu.memory() - before;
    assert_eq!(held, (4 * LARGE * tensors.len()) as u64, "what was refused is not counted");
    tensors.truncate(tensors.len() - room);
    let _ = gpu.device().poll(wgloss::wgpu::PollType::wait_indefinitely());
    Ok(tensors)
}

/// A call that is tried in a process of little memory.
type Try = fn(&Gpu) -> Result<(), Error>;

const TRIES: &[(&str, Try)] = &[
    ("tensors", |gpu| {
        let tensors = filled(gpu, 1)?;
        // there is room for one more, and not for two
        let _one = gpu.empty([LARGE])?;
        let second = told(gpu.empty([LARGE]));
        drop(tensors);
        second
    }),
    ("first", |gpu| {
        // the losses of each element are the first that a job makes
        let tensors = filled(gpu, 0)?;
        let term = Mse::default().of(&tensors[0], &tensors[1]).reduce(Reduction::None);
        told(gpu.prepare(&term, &Outputs::default()))
    }),
    ("middle", |gpu| {
        // of two gradients there is room for the first
        let tensors = filled(gpu, 1)?;
        told(gpu.gradients(&Mse::default().of(&tensors[0], &tensors[1]), [&tensors[0], &tensors[1]]))
    }),
    ("workspace", |gpu| {
        // what is known of each position lies between the outcome, which is made before, and the parameters, which come after
        let x = gpu.empty([1, 2, LARGE / 2])?;
        let t = gpu.upload(&vec![0u8; LARGE / 2], [1, LARGE / 2])?;
        let term = DiceCrossEntropy::default().of(&x, &t);
        let outputs = Outputs { gradients: vec![Gradient::store(&x, &gpu.empty_like(&x)?)], ..Outputs::default() };
        let workspace = gpu.prepare(&term, &outputs)?.workspace();
        assert!(workspace > 8 * LARGE as u64, "{workspace} bytes fit beside what the driver needs");
        let before = gpu.memory();
        let tensors = filled(gpu, 1)?;
        let refused = told(gpu.prepare(&term, &outputs));
        drop(tensors);
        assert_eq!(gpu.memory(), before, "what a refused job had made is gone");
        refused
    }),
];

/// The tests that faults run in a process of its own each.
pub fn children() -> impl Iterator<Item = Trial> {
    tests![child].into_iter().map(|test| test.with_ignored_flag(true))
}

/// Prints what a call comes to, and whether the context is usable afterwards.
fn child() {
    let wanted = std::env::var("WGLOSS_TRY").expect("what to try");
    let (_, attempt) = TRIES.iter().find(|(name, _)| *name == wanted).expect("one of them");
    let gpu = Gpu::new().expect("a GPU");
    let told = attempt(&gpu);
    let kind = told.as_ref().map_or_else(Error::kind, |()| "ok");
    println!("told: {kind} {:?} {told:?}", usable(&gpu));
}

/// Tries a call in a process of little memory, and gives its result. Only on Linux does a limit bind a software adapter.
fn limited(name: &str) -> Result<(), Error> {
    let software = wgloss::adapters().iter().any(|used| used.chosen && used.info.device_type == DeviceType::Cpu);
    if !(cfg!(target_os = "linux") && software) {
        return Err(Error::OutOfMemory("untried".into()));
    }
    let program = std::env::current_exe().expect("this program");
    let script = format!("ulimit -v {KILOBYTES}; exec \"$0\" --exact memory::child --ignored --nocapture");
    let output =
        Command::new("sh").arg("-c").arg(script).arg(program).env("WGLOSS_TRY", name).output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = text.lines().find_map(|line| line.split_once("told: ")).unwrap_or_else(|| panic!("{text}{errors}")).1;
    assert!(said.contains(" Ok(()) "), "{said}");
    match said.starts_with("out_of_memory ") {
        true => Err(Error::OutOfMemory(name.into())),
        false => Err(Error::Gpu(said.into())),
    }
}

pub const FAULTS: &[Fault] = &[
    Fault { name: "more tensors than there is room for", provoke: |_| limited("tensors"), expected: "out_of_memory" },
    Fault { name: "no room for a job's first buffer", provoke: |_| limited("first"), expected: "out_of_memory" },
    Fault { name: "room for the first of two gradients", provoke: |_| limited("middle"), expected: "out_of_memory" },
    Fault {
        name: "no room for a job's workspace, between its first and last buffer",
        provoke: |_| limited("workspace"),
        expected: "out_of_memory",
    },
];
