//! Faults: each is provoked on a real device, and must end in its typed error, in time, without a panic. docs/faults.md
//! lists them.

mod adapters;
mod buffers;
mod foreign;
#[path = "../common/harness.rs"]
mod harness;
mod labels;
mod limits;
mod lost;
mod memory;
mod reads;
mod runs;
mod scopes;

use harness::tests;
use libtest_mimic::Trial;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;
use wgloss::wgpu::{self, BufferUsages};
use wgloss::{DType, Error, Gpu, Job, Mse, Outputs, Reduction, Tensor, Term};

/// A fault and its error.
pub struct Fault {
    /// The mistake, in words.
    pub name: &'static str,
    /// Provokes the fault on a context of its own, and returns the library's answer.
    pub provoke: fn(&Gpu) -> Result<(), Error>,
    /// The kind of the error, or `ok`.
    pub expected: &'static str,
}

/// The faults of each file, in the order of docs/faults.md.
const FAULTS: &[(&str, &[Fault])] = &[
    ("foreign", foreign::FAULTS),
    ("runs", runs::FAULTS),
    ("labels", labels::FAULTS),
    ("lost", lost::FAULTS),
    ("memory", memory::FAULTS),
    ("reads", reads::FAULTS),
    ("buffers", buffers::FAULTS),
    ("limits", limits::FAULTS),
    ("scopes", scopes::FAULTS),
    ("adapters", adapters::FAULTS),
];

/// Faults that can't be provoked on a real device, with their errors. Unit tests provoke them through `src/gpu/seam.rs`.
const BY_SEAM: &[(&str, &str)] = &[
    ("no room for any one of a job's buffers, the last among them", "out_of_memory"),
    ("a pipeline of the library's that fails inside the driver", "gpu"),
    ("a submission without memory", "out_of_memory"),
];

fn main() -> ExitCode {
    let mut tests = tests![the_list_of_faults_is_complete];
    tests.extend(FAULTS.iter().flat_map(|(file, faults)| faults.iter().map(move |fault| test(file, fault))));
    tests.extend(adapters::children().chain(memory::children()));
    harness::run(tests)
}

/// The test of a fault, named after its file and the fault: `lost::a_device_that_is_lost_twice`.
fn test(file: &'static str, fault: &'static Fault) -> Trial {
    let words = fault.name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("_").to_lowercase();
    harness::test(&format!("faults::{file}"), &name, move || {
        // faults that fill the memory run one at a time
        static MEMORY: Mutex<()> = Mutex::new(());
        let _alone = (file == "memory").then(|| MEMORY.lock().unwrap_or_else(PoisonError::into_inner));
        check(fault);
    })
}

/// Longer than any fault takes.
const NEVER: Duration = Duration::from_secs(120);

/// Provokes a fault, and panics if the error or the state afterwards is not as expected.
fn check(fault: &'static Fault) {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let gpu = Gpu::new().expect("these tests run on a GPU, for which software is enough");
        let told = (fault.provoke)(&gpu);
        let _ = sender.send((told, usable(&gpu)));
    });
    let Ok((told, usable)) = receiver.recv_timeout(NEVER) else { panic!("{}: it panicked, or hangs", fault.name) };
    // a driver may crash if the program ends while a device is dropped
    let _ = thread.join();
    let mut wrong = Vec::new();
    let kind = told.as_ref().map_or_else(Error::kind, |()| "ok");
    if kind != fault.expected {
        wrong.push(format!("expected {}, got {told:?}", fault.expected));
    }
    // an error's text must not contain wgpu's
    let text = told.as_ref().map_or_else(Error::to_string, |()| String::new());
    if ["Validation Error", "Caused by", "wgpu"].iter().any(|inside| text.contains(inside)) {
        wrong.push(format!("the message is wgpu's: {text}"));
    }
    if let Err(error) = usable {
        wrong.push(format!("afterwards {error}"));
    }
    assert!(wrong.is_empty(), "{}:\n{}", fault.name, wrong.join("\n"));
}

/// Whether a context still computes, or reports that its device is lost.
fn usable(gpu: &Gpu) -> Result<(), String> {
    match eight(gpu).and_then(|(term, _)| gpu.value(&term)?.loss().wait()) {
        Ok(8.0) | Err(Error::DeviceLost(_)) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// The term `Σ (3 − 1)²` over two elements, which is 8, and its prediction.
fn eight(gpu: &Gpu) -> Result<(Term<Tensor>, Tensor), Error> {
    let x = gpu.upload(&[3.0f32, 3.0], [2])?;
    Ok((sum(&x, &gpu.upload(&[1.0f32, 1.0], [2])?), x))
}

fn sum(x: &Tensor, t: &Tensor) -> Term<Tensor> {
    Mse::default().of(x, t).reduce(Reduction::Sum)
}

/// A job whose loss is 8.
fn job(gpu: &Gpu) -> Result<Job, Error> {
    gpu.prepare(&eight(gpu)?.0, &Outputs::default())
}

/// A buffer of `size` bytes.
fn buffer(device: &wgpu::Device, size: u64, usage: BufferUsages) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
}

const ALL: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);

/// A tensor of two numbers around a buffer.
fn wrapped(gpu: &Gpu, buffer: &wgpu::Buffer) -> Result<Tensor, Error> {
    gpu.wrap(buffer.slice(..8), [2], DType::F32)
}

/// Records jobs into a pass on the context's device. Returns the encoder, which is not submitted.
fn recorded(gpu: &Gpu, jobs: &[&Job]) -> wgpu::CommandEncoder {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    jobs.iter().for_each(|job| job.encode(&mut pass));
    drop(pass);
    encoder
}

fn submit(gpu: &Gpu, encoder: wgpu::CommandEncoder) {
    gpu.queue().submit([encoder.finish()]);
}

/// The adapter that the other tests use, from a new instance.
fn adapter() -> wgpu::Adapter {
    let chosen = wgloss::adapters().into_iter().find(|adapter| adapter.chosen).expect("an adapter").info;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let same = |info: wgpu::AdapterInfo| (info.name, info.backend) == (chosen.name.clone(), chosen.backend);
    found.into_iter().find(|adapter| same(adapter.get_info())).expect("it was there a moment ago")
}

/// A device with these limits and no optional features.
fn device(adapter: &wgpu::Adapter, limits: wgpu::Limits) -> (wgpu::Device, wgpu::Queue) {
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    pollster::block_on(adapter.request_device(&descriptor)).expect("limits that every adapter has")
}

/// Drops a result's value: a fault is judged by the error alone.
fn told<T>(result: Result<T, Error>) -> Result<(), Error> {
    result.map(drop)
}

/// Compares the table of docs/faults.md with the faults, or writes it.
fn the_list_of_faults_is_complete() {
    let mut table = String::from("| fault | error | test |\n|---|---|---|\n");
    for (file, faults) in FAULTS {
        for Fault { name, expected, .. } in *faults {
            let expected = if *expected == "ok" { "none".to_string() } else { format!("`{expected}`") };
            table += &format!("| {name} | {expected} | `faults/{file}.rs` |\n");
        }
    }
    for (name, expected) in BY_SEAM {
        table += &format!("| {name} | `{expected}` | `src/gpu/tests/refused.rs` |\n");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    if std::env::var_os("WGLOSS_WRITE_FAULTS").is_some() {
        let head = page.split("| fault |").next().unwrap_or_default();
        std::fs::write(path, format!("{head}{table}")).unwrap();
        return;
    }
    assert!(page.replace("\r\n", "\n").ends_with(&table), "docs/faults.md has to end with\n{table}");
}
