//! `wgloss-mpi eval` prints the loss of all ranks' shards once, from a file for each rank and from ranges of one file.

use npyz::WriterBuilder;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};
use wgloss_mpi::wgloss::{Array, CrossEntropy, cpu};

const RANKS: usize = 3;
const CLASSES: usize = 4;

fn eval(arguments: &[String]) -> Output {
    let mut mpirun = Command::new("mpirun");
    mpirun.args(["--allow-run-as-root", "--oversubscribe", "-n", &RANKS.to_string()]);
    let program = mpirun.arg(env!("CARGO_BIN_EXE_wgloss-mpi")).args(["eval", "cross_entropy", "--shards"]);
    program.args(arguments).output().expect("mpirun starts")
}

fn write<T: npyz::AutoSerialize + Copy>(file: &Path, shape: &[usize], numbers: &[T]) {
    let shape: Vec<u64> = shape.iter().map(|&length| length as u64).collect();
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut writer = options.writer(File::create(file).unwrap()).begin_nd().unwrap();
    writer.extend(numbers.iter().copied()).unwrap();
    writer.finish().unwrap();
}

#[test]
fn the_loss_of_all_shards_is_printed_once() {
    let folder = std::env::temp_dir().join(format!("wgloss-mpi-eval-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let rows = 10;
    let logits: Vec<f32> = (0..rows * CLASSES).map(|i| ((i * 7) % 11) as f32 / 4.0).collect();
    let labels: Vec<i64> = (0..rows).map(|i| if i == 3 { -100 } else { (i % CLASSES) as i64 }).collect();
    let x = Array::new(&logits, [rows, CLASSES]).unwrap();
    let t = Array::new(&labels, [rows]).unwrap();
    let want = cpu::value(&CrossEntropy::default().of(&x, &t)).unwrap().loss().unwrap();
    let file = |name: &str| folder.join(name);
    write(&file("x.npy"), &[rows, CLASSES], &logits);
    write(&file("t.npy"), &[rows], &labels);
    // shards of different lengths, each in its own file
    for (rank, range) in [0..1, 1..8, 8..10].into_iter().enumerate() {
        let own = &logits[range.start * CLASSES..range.end * CLASSES];
        write(&file(&format!("x{rank}.npy")), &[range.len(), CLASSES], own);
        write(&file(&format!("t{rank}.npy")), &[range.len()], &labels[range]);
    }
    let operand = |name: &str, of: &str| format!("{name}={}", file(of).display());
    // the logits are quarters of small integers, which are exact in f16
    let halves: Vec<half::f16> = logits.iter().map(|&x| half::f16::from_f32(x)).collect();
    write(&file("h.npy"), &[rows, CLASSES], &halves);
    for files in [["x.npy", "t.npy"], ["h.npy", "t.npy"], ["x{rank}.npy", "t{rank}.npy"]] {
        let output = eval(&[operand("input", files[0]), operand("target", files[1])]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!((lines[0].parse::<f64>().unwrap() - want).abs() < 1e-6, "{text}, not {want}");
        assert!(lines[1].ends_with(" / 9"), "{text}");
    }
    // when a rank lacks a file, this is printed once
    let output = eval(&[operand("input", "x{rank}.npy"), operand("target", "none{rank}.npy")]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert_eq!(text.matches("none0.npy").count(), 1, "{text}");
    fs::remove_dir_all(&folder).unwrap();
}
