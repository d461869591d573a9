//! What the tests of the program share: running it, and making its input files.
#![allow(dead_code, reason = "each test binary uses some of it")]

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::Value as Json;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn wgloss(directory: &Path, arguments: &[&str]) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_wgloss")).current_dir(directory).args(arguments))
}

pub fn run(program: &mut Command) -> Run {
    let output = program.output();
    let Output { status, stdout, stderr } = output.expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Run { status: status.code(), out: text(stdout), err: text(stderr) }
}

/// Runs the program with these bytes on its standard input. Also returns the bytes of its standard output.
pub fn piped(directory: &Path, arguments: &[&str], input: &[u8]) -> (Run, Vec<u8>) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
    let program = program.current_dir(directory).args(arguments).stdin(Stdio::piped());
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    // a program that refuses its arguments reads nothing
    let _ = child.stdin.take().expect("it is piped").write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (Run { status: status.code(), out: text(&stdout), err: text(&stderr) }, stdout)
}

/// An `.npy` file of floats.
pub fn npy(shape: &[usize], elements: &[f32]) -> Vec<u8> {
    npy_of("<f4", shape, &elements.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
}

/// An `.npy` file of elements of any type.
pub fn npy_of(descr: &str, shape: &[usize], elements: &[u8]) -> Vec<u8> {
    let shape: String = shape.iter().map(|size| format!("{size},")).collect();
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape})}}\n");
    let size = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &size[..], header.as_bytes(), elements].concat()
}

/// The last `count` elements of a file, each of N bytes.
pub fn elements<const N: usize, E>(path: PathBuf, count: usize, of: fn([u8; N]) -> E) -> Vec<E> {
    let bytes = fs::read(path).unwrap();
    let elements = bytes[bytes.len() - count * N..].chunks_exact(N);
    elements.map(|chunk| of(chunk.try_into().unwrap())).collect()
}

/// A directory with two tensors, as `.npy` and as `.safetensors`.
pub fn files() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("x.npy"), npy(&[2], &[1.0, 3.0])).unwrap();
    fs::write(at("t.npy"), npy(&[2], &[0.5, 1.0])).unwrap();
    let target: Vec<u8> = [0.5f32, 1.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let target = TensorView::new(Dtype::F32, vec![2], &target).unwrap();
    serialize_to_file([("deep/t", target)], None, &at("t.safetensors")).unwrap();
    directory
}

/// The end of the JSON of the case that [`cases`] writes.
pub const ONE: &str = r#""gradients": ["input"], "rtol": 1e-5, "atol": 1e-7, "options": {"reduction": "sum"}"#;

/// A directory with one case of mse. Replaces `from` by `to` in its JSON. A case that expects an error has no numbers.
pub fn cases(from: &str, to: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let list = format!(r#"{{"loss": "mse", "cases": [{{"name": "one", "inputs": ["input", "target"], {ONE}}}]}}"#);
    assert!(list.contains(from), "{from}");
    fs::write(directory.path().join("mse.json"), list.replace(from, to)).unwrap();
    let floats = |values: [f32; 2]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let (input, target) = (floats([1.0, 3.0]), floats([0.5, 1.0]));
    let (loss, gradient) = (4.25f64.to_le_bytes(), [1.0f64, 4.0].map(f64::to_le_bytes).concat());
    let view = |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).unwrap();
    let inputs = [("one/input", view(Dtype::F32, vec![2], &input)), ("one/target", view(Dtype::F32, vec![2], &target))];
    let numbers = [
        ("one/expect/loss", view(Dtype::F64, vec![], &loss)),
        ("one/expect/grad/input", view(Dtype::F64, vec![2], &gradient)),
    ];
    let numbers = numbers.into_iter().filter(|_| !to.contains("error"));
    serialize_to_file(inputs.into_iter().chain(numbers), None, &directory.path().join("mse.safetensors")).unwrap();
    directory
}

/// The report of a run as JSON, and its lines about losses.
pub fn report(path: PathBuf) -> (Json, Vec<String>) {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| line.trim_start().starts_with("{\"loss\"")).map(str::to_owned);
    (serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}")), lines.collect())
}
