//! Memory that runs out. Each call is made in a process of its own, whose memory the system limits.

use crate::harness::tests;
use crate::{Fault, told, usable};
use libtest_mimic::Trial;
use std::process::Command;
use wgloss::wgpu::DeviceType;
use wgloss::{DiceCrossEntropy, Error, Gpu, Gradient, Mse, Outputs, Reduction, Tensor};

/// The limit of a child's address space, in kilobytes: some gigabytes more than a driver takes.
const KILOBYTES: u64 = 8 << 20;

/// The number of elements of a large tensor, which takes a quarter of a gigabyte.
const LARGE: usize = 1 << 26;

/// Fills the memory with tensors, then frees `room` of them. Returns the others.
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

/// A call that is made in a process with little memory.
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
        // the unreduced loss is the first memory that a job allocates
        let tensors = filled(gpu, 0)?;
        let term = Mse::default().of(&tensors[0], &tensors[1]).reduce(Reduction::None);
        told(gpu.prepare(&term, &Outputs::default()))
    }),
    ("middle", |gpu| {
        // there is memory for the first of the two gradients
        let tensors = filled(gpu, 1)?;
        told(gpu.gradients(&Mse::default().of(&tensors[0], &tensors[1]), [&tensors[0], &tensors[1]]))
    }),
    ("workspace", |gpu| {
        // the scratch memory of the positions is allocated between the outcome and the parameters
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

/// The tests that a fault starts, each in a new process.
pub fn children() -> impl Iterator<Item = Trial> {
    tests![child].into_iter().map(|test| test.with_ignored_flag(true))
}

/// Prints the result of a call, and whether the context is usable afterwards.
fn child() {
    let wanted = std::env::var("WGLOSS_TRY").expect("what to try");
    let (_, attempt) = TRIES.iter().find(|(name, _)| *name == wanted).expect("one of them");
    let gpu = Gpu::new().expect("a GPU");
    let told = attempt(&gpu);
    let kind = told.as_ref().map_or_else(Error::kind, |()| "ok");
    println!("told: {kind} {:?} {told:?}", usable(&gpu));
}

/// Makes a call in a process with little memory, and returns its result. The limit works only on Linux with a software
/// adapter.
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
