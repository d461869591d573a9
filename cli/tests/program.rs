//! Runs the built program: what it prints, the status it exits with, and the files it leaves.

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// What a run came to.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    out: String,
    err: String,
}

fn wgloss(directory: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_wgloss")).current_dir(directory).args(arguments).output();
    let Output { status, stdout, stderr } = output.expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Run { status: status.code(), out: text(stdout), err: text(stderr) }
}

/// An `.npy` file of floats.
fn npy(shape: &[usize], elements: &[f32]) -> Vec<u8> {
    let shape: String = shape.iter().map(|size| format!("{size},")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape})}}\n");
    let size = (header.len() as u16).to_le_bytes();
    let elements: Vec<u8> = elements.iter().flat_map(|x| x.to_le_bytes()).collect();
    [b"\x93NUMPY\x01\x00", &size[..], header.as_bytes(), &elements].concat()
}

/// The elements at the end of an `.npy` file.
fn doubles(path: PathBuf, count: usize) -> Vec<f64> {
    let bytes = fs::read(path).unwrap();
    let elements = &bytes[bytes.len() - count * 8..];
    elements.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect()
}

/// A directory with two tensors, in every form that is read.
fn files() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("x.npy"), npy(&[2], &[1.0, 3.0])).unwrap();
    fs::write(at("t.npy"), npy(&[2], &[0.5, 1.0])).unwrap();
    let target: Vec<u8> = [0.5f32, 1.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let target = TensorView::new(Dtype::F32, vec![2], &target).unwrap();
    serialize_to_file([("deep/t", target)], None, &at("t.safetensors")).unwrap();
    directory
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_cases_that_it_carries_pass_on_the_cpu() {
    let run = wgloss(Path::new("."), &["verify", "--device", "cpu"]);
    assert_eq!(run.status, Some(0), "{run:#?}");
    let last = run.out.lines().last().unwrap();
    let passed: usize = last.strip_suffix(" passed, 0 failed").expect(last).parse().unwrap();
    assert!(passed > 200, "{last}");
    assert_eq!(run.err, "");
}

/// A directory with one case of mse, its list changed from `from` to `to`.
fn cases(from: &str, to: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let list = r#"{"loss": "mse", "cases": [{"name": "one", "options": {"reduction": "sum"}, "inputs": ["input", "target"],
        "gradients": ["input"], "rtol": 1e-5, "atol": 1e-7}]}"#;
    assert!(list.contains(from), "{from}");
    fs::write(directory.path().join("mse.json"), list.replace(from, to)).unwrap();
    let floats = |values: [f32; 2]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let (input, target) = (floats([1.0, 3.0]), floats([0.5, 1.0]));
    let (loss, gradient) = (4.25f64.to_le_bytes(), [1.0f64, 4.0].map(f64::to_le_bytes).concat());
    let view = |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).unwrap();
    let tensors = [
        ("one/input", view(Dtype::F32, vec![2], &input)),
        ("one/target", view(Dtype::F32, vec![2], &target)),
        ("one/expect/loss", view(Dtype::F64, vec![], &loss)),
        ("one/expect/grad/input", view(Dtype::F64, vec![2], &gradient)),
    ];
    serialize_to_file(tensors, None, &directory.path().join("mse.safetensors")).unwrap();
    directory
}

#[test]
fn a_case_passes_or_fails_for_a_reason_that_is_named() {
    let sum = r#""reduction": "sum""#;
    // what is changed in the list of cases, arguments, the status, what is said, and the last line
    let runs: [(&str, &str, &[&str], i32, &str, &str); 12] = [
        ("", "", &[], 0, "mse", "1 passed, 0 failed"),
        ("", "", &["--loss", "mse"], 0, "worst 0.000", "1 passed, 0 failed"),
        (sum, r#""reduction": "mean""#, &[], 1, "with gradients: loss: element []: got 2.125", "0 passed, 1 failed"),
        (
            sum,
            r#""reduction": "mean""#,
            &[],
            1,
            "gradient of `input`: element [1]: got 2.0, want 4.0",
            "0 passed, 1 failed",
        ),
        (sum, r#""reduction": "mean""#, &[], 1, "host arrays, value alone: loss", "0 passed, 1 failed"),
        (sum, r#""colour": "red""#, &[], 1, "option `colour`", "0 passed, 1 failed"),
        (sum, r#""colour": [1]"#, &[], 1, "option `colour` is [1], which is not known", "0 passed, 1 failed"),
        (r#""atol""#, r#""colour": 1, "atol""#, &[], 1, "unknown field `colour`", "0 passed, 1 failed"),
        (r#"["input", "target"]"#, r#"["input"]"#, &[], 1, "tensor `one/target` is not known", "0 passed, 1 failed"),
        (
            r#"["input", "target"]"#,
            r#"["input", "mask"]"#,
            &[],
            1,
            "tensor `one/mask` is missing",
            "0 passed, 1 failed",
        ),
        ("\"mse\"", "\"unheard_of\"", &[], 0, "unheard_of", "0 passed, 0 failed"),
        ("\"mse\"", "\"unheard_of\"", &["--strict"], 1, "unknown to the library", "0 passed, 1 failed"),
    ];
    for (from, to, more, status, said, last) in runs {
        let directory = if from.is_empty() { cases("mse", "mse") } else { cases(from, to) };
        let run = wgloss(directory.path(), &[&["verify", "--device", "cpu", "--cases", "."], more].concat());
        assert_eq!(run.status, Some(status), "{to}: {run:#?}");
        assert!(run.out.contains(said), "{said}: {run:#?}");
        assert_eq!(run.out.lines().last(), Some(last), "{to}: {run:#?}");
    }
}

#[test]
fn cases_that_cannot_be_read_are_an_error() {
    let runs: [(&[&str], &str); 4] = [
        (&["--cases", "missing"], "missing"),
        (&["--cases", "empty"], "there are no cases"),
        (&["--cases", "lonely"], "mse.safetensors is missing"),
        (&["--loss", "unheard_of"], "no cases of a loss `unheard_of`"),
    ];
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("empty")).unwrap();
    fs::create_dir(directory.path().join("lonely")).unwrap();
    fs::write(directory.path().join("lonely/mse.json"), "{}").unwrap();
    for (arguments, said) in runs {
        let run = wgloss(directory.path(), &[&["verify", "--device", "cpu"], arguments].concat());
        assert_eq!(run.status, Some(2), "{said}: {run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}

#[test]
fn a_loss_is_printed_and_its_gradient_written() {
    let directory = files();
    let base = ["eval", "mse", "--device", "cpu", "--input", "x.npy"];
    let run = wgloss(directory.path(), &[&base[..], &["--target", "t.npy", "--gradient-of", "input=g.npy"]].concat());
    assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (Some(0), "2.125\n", ""));
    assert_eq!(doubles(directory.path().join("g.npy"), 2), [0.5, 2.0]);

    let none = ["--operand", "target=t.safetensors:deep/t", "--option", "reduction=none"];
    let run = wgloss(directory.path(), &[&base[..], &none].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), "0.25\n4.0\n"), "{run:#?}");
    let run = wgloss(directory.path(), &[&base[..], &none, &["--output", "l.npy"]].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), ""), "{run:#?}");
    assert_eq!(doubles(directory.path().join("l.npy"), 2), [0.25, 4.0]);
    assert_eq!(names(directory.path()), ["g.npy", "l.npy", "t.npy", "t.safetensors", "x.npy"]);
}

#[test]
fn what_cannot_be_evaluated_is_refused_and_leaves_nothing_behind() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("cut.npy"), &npy(&[2], &[1.0, 3.0])[..60]).unwrap();
    fs::write(at("long.npy"), npy(&[3], &[1.0, 2.0, 3.0])).unwrap();
    fs::write(at("old.npy"), "what was there").unwrap();
    fs::create_dir(at("folder.npy")).unwrap();
    let before = names(directory.path());
    let endless = format!("input={}.npy", "g".repeat(300));
    // the loss, what follows two good operands, the status, and what is said
    let runs: [(&str, &[&str], i32, &str); 17] = [
        ("unheard_of", &[], 2, "unheard_of"),
        ("mse", &["--option", "colour=red"], 1, "error: mse: option `colour` is red"),
        ("mse", &["--option", "reduction=batch"], 1, "error: mse: option `reduction` is batch"),
        ("mse", &["--option", "reduction"], 2, "NAME=VALUE"),
        ("mse", &["--operand", "colour=t.npy"], 1, "operand `colour`"),
        ("mse", &["--weight", "long.npy"], 1, "error: mse: `weight` has shape [3]"),
        ("mse", &["--weight", "cut.npy"], 2, "error: cut.npy: is cut off"),
        ("mse", &["--weight", "folder.npy"], 2, "error: folder.npy: is not a file"),
        ("mse", &["--weight", "t.safetensors:u"], 2, "error: t.safetensors:u: has no such tensor, but deep/t"),
        ("mse", &["--gradient-of", "mask=m.npy"], 1, "operand `mask` is not given"),
        ("mse", &["--gradient-of", "input=none/g.npy"], 2, "error: none/g.npy: its directory"),
        ("mse", &["--gradient-of", "input=g.txt"], 2, "error: g.txt: the files written"),
        ("mse", &["--gradient-of", "input=folder.npy"], 2, "error: folder.npy: is there, and is not a file"),
        ("mse", &["--gradient-of", &endless], 2, "too long"),
        ("mse", &["--gradient-of", "input=h.npy", "--output", "./h.npy"], 2, "is to be written twice"),
        ("mse", &["--output", "old.npy", "--option", "colour=red"], 1, "option `colour`"),
        ("mse", &["--device", "tpu"], 2, "tpu"),
    ];
    for (loss, more, status, said) in runs {
        let base = ["eval", loss, "--input", "x.npy", "--target", "t.npy", "--gradient-of", "input=g.npy"];
        let device: &[&str] = if more.contains(&"--device") { &[] } else { &["--device", "cpu"] };
        let run = wgloss(directory.path(), &[&base[..], device, more].concat());
        assert_eq!(run.status, Some(status), "{more:?}: {run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
        assert_eq!(run.out, "", "{more:?}");
        assert_eq!(names(directory.path()), before, "{more:?}");
        assert_eq!(fs::read(at("old.npy")).unwrap(), b"what was there", "{more:?}");
    }
}
