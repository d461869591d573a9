//! Runs the built program on the machine's GPU. All tests of the program that need a GPU are here.

mod common;

use common::{cases, elements, files, npy, npy_of, report, wgloss};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::fs;

#[test]
fn the_gpu_evaluates_and_verifies() {
    let directory = files();
    let run = wgloss(directory.path(), &["devices"]);
    assert_eq!((run.status, run.out.matches("(used)").count()), (Some(0), 1), "{run:#?}");
    let base = ["eval", "mse", "--input", "x.npy", "--target", "t.npy"];
    let run = wgloss(directory.path(), &[&base[..], &["--gradient-of", "target=g.npy"]].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), "2.125\n"), "{run:#?}");
    assert_eq!(elements(directory.path().join("g.npy"), 2, f32::from_le_bytes), [-0.5, -2.0]);

    // f64 is narrowed to f32, which the GPU takes; the CPU takes it as it is
    let third = npy_of("<f8", &[2], &[1.0f64 / 3.0, 3.0].map(f64::to_le_bytes).concat());
    fs::write(directory.path().join("d.npy"), third).unwrap();
    let double = ["eval", "l1", "--input", "d.npy", "--target", "t.npy"];
    for (device, loss) in [("gpu", "1.0833334\n"), ("cpu", "1.0833333333333333\n")] {
        let run = wgloss(directory.path(), &[&double[..], &["--device", device]].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(0), loss), "{run:#?}");
    }
    let whole = npy_of(">i2", &[2], &[0, 1, 0, 3]);
    fs::write(directory.path().join("i.npy"), whole).unwrap();
    let sum = ["eval", "mse + 0.5*l1", "--input", "i.npy", "--target", "t.npy", "--json"];
    let run = wgloss(directory.path(), &sum);
    let said: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"));
    assert_eq!((&said["loss"], &said["device"]["kind"]), (&2.75.into(), &"gpu".into()), "{said:#}");
    let pieces = ["--hold", "1e-8", "--option", "reduction=sum"];
    let run = wgloss(directory.path(), &[&sum[..], &pieces].concat());
    assert!(run.out.contains("\"loss\": 5.5") && run.out.contains("\"pieces\": 2"), "{run:#?}");

    // 1, 3 as f16 and 0.5, 1 as bf16
    let halves = |halves: [u16; 2]| halves.map(u16::to_le_bytes).concat();
    fs::write(directory.path().join("h.npy"), npy_of("<f2", &[2], &halves([0x3c00, 0x4200]))).unwrap();
    let target = halves([0x3f00, 0x3f80]);
    let target = TensorView::new(Dtype::BF16, vec![2], &target).unwrap();
    serialize_to_file([("t", target)], None, &directory.path().join("h.safetensors")).unwrap();
    let half = ["eval", "mse", "--input", "h.npy", "--target", "h.safetensors:t"];
    let gradients = ["--gradient-of", "input=dx.npy", "--gradient-of", "target=dt.npy"];
    let run = wgloss(directory.path(), &[&half[..], &gradients].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), "2.125\n"), "{run:#?}");
    let dx = fs::read(directory.path().join("dx.npy")).unwrap();
    assert_eq!((&dx[21..24], &dx[dx.len() - 4..]), (&b"<f2"[..], &halves([0x3800, 0x4000])[..]));
    assert_eq!(elements(directory.path().join("dt.npy"), 2, f32::from_le_bytes), [-0.5, -2.0]);
    let run = wgloss(directory.path(), &[&half[..], &gradients, &["--f32-gradients"]].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), "2.125\n"), "{run:#?}");
    assert_eq!(elements(directory.path().join("dx.npy"), 2, f32::from_le_bytes), [0.5, 2.0]);

    fs::write(directory.path().join("l.npy"), npy_of("|u1", &[2], &[1, 0])).unwrap();
    fs::write(directory.path().join("c.npy"), npy(&[2, 2], &[0.0, 1.0, 0.0, 1.0])).unwrap();
    let metric = ["metric", "confusion_matrix", "--input", "c.npy", "--target", "l.npy", "--json"];
    let run = wgloss(directory.path(), &metric);
    let said: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"));
    assert_eq!((&said["counts"], &said["device"]["kind"]), (&serde_json::json!([[0, 1], [0, 1]]), &"gpu".into()));

    let directory = cases("one", "one");
    let run = wgloss(directory.path(), &["verify", "--cases", ".", "--dtype", "all"]);
    assert_eq!((run.status, run.out.lines().last()), (Some(0), Some("6 passed, 0 failed")), "{run:#?}");
    let run = wgloss(directory.path(), &["verify", "--cases", "."]);
    assert_eq!((run.status, run.out.lines().last()), (Some(0), Some("2 passed, 0 failed")), "{run:#?}");
    let run = wgloss(directory.path(), &["verify", "--cases", ".", "--report", "r.json"]);
    assert_eq!((run.status, run.out.lines().last()), (Some(0), Some("2 passed, 0 failed")), "{run:#?}");
    let (report, _) = report(directory.path().join("r.json"));
    let adapter = &report["adapter"];
    assert!(["name", "driver", "vendor"].iter().all(|key| adapter[key].is_string()), "{report:#}");
    assert!(
        ["gpu", "small", "cpu", "plain", "matrices"].iter().any(|kernels| report["kernels"] == *kernels),
        "{report:#}"
    );
    let directory = cases("sum", "mean");
    let run = wgloss(directory.path(), &["verify", "--cases", ".", "--device", "gpu"]);
    assert_eq!((run.status, run.out.lines().last()), (Some(1), Some("0 passed, 1 failed")), "{run:#?}");
    assert!(
        run.out.contains("host arrays, value alone") && run.out.contains("uploaded tensors, with gradients"),
        "{run:#?}"
    );
}

#[test]
fn a_drawn_call_is_run_alone_by_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let run = wgloss(directory.path(), &["verify", "--thorough", "--call", "mse:3", "--call", "l1:0"]);
    let last = run.out.lines().last().unwrap_or_default();
    assert!(run.status == Some(0) && last.ends_with(" 2 passed, 0 failed, 0 left out"), "{run:#?}");
    let run = wgloss(directory.path(), &["verify", "--thorough", "--call", "mse:9999"]);
    assert!(run.status != Some(0) && run.err.contains("there is no call `mse:9999`"), "{run:#?}");
}

#[test]
fn a_landscape_is_drawn() {
    let directory = tempfile::tempdir().unwrap();
    let run = wgloss(directory.path(), &["landscape", "--size", "13"]);
    let said = "himmelblau: the lowest of 13 x 13 losses is 0.0 at (3.0, 2.0)\nhimmelblau.png\n";
    assert_eq!((run.status, run.out.as_str()), (Some(0), said), "{run:#?}");
    let picture = fs::read(directory.path().join("himmelblau.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.ends_with(b"IEND\xae\x42\x60\x82"));
    let run = wgloss(directory.path(), &["landscape", "--size", "2", "--out", "flat.svg"]);
    assert_eq!((run.status, run.out.lines().last()), (Some(0), Some("flat.svg")), "{run:#?}");
    let picture = fs::read_to_string(directory.path().join("flat.svg")).unwrap();
    assert!(picture.starts_with("<svg width=\"860\"") && picture.ends_with("</svg>\n"), "{picture}");
}

#[test]
fn a_function_of_the_users_is_drawn() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(
        at("bowl.wgsl"),
        "// a bowl\nfn f(x: f32, y: f32) -> f32 {\n    return x * x + (y - 1.0) * (y - 1.0);\n}\n",
    )
    .unwrap();
    let base = ["landscape", "--size", "21", "--wgsl"];
    let run = wgloss(directory.path(), &[&base[..], &["bowl.wgsl", "--ends", "-2,2,-2,2", "--map"]].concat());
    let said = "bowl: the lowest of 21 x 21 numbers is 0.0 at (0.0, 1.0)\nbowl.png\n";
    assert_eq!((run.status, run.out.as_str()), (Some(0), said), "{run:#?}");
}

/// A script in place of Python. It writes a table of its own, with the loss that it reads from wgloss's table.
#[cfg(unix)]
const PYTHON: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in --out) out=$2 ;; --inputs) inputs=$2 ;; --mode) mode=$2 ;; esac
    shift
done
[ "$mode" = eager ] || { echo "no compiler" >&2; exit 1; }
[ -f "$inputs/mse 262144/input.npy" ] || exit 1
value=$(sed -n 's/^mse.*,f32,.*,//p' "$inputs/../results.csv")
ms=9000
[ -z "$GLIBC_TUNABLES" ] || ms=4500
printf 'case,peer,value,ms,least_ms,runs,gpu_ms\nmse 262144,PyTorch eager,%s,%s,9,7,%s\n' "$value" $ms $ms >"$out"
"#;

#[cfg(unix)]
#[test]
fn the_machine_is_measured_beside_python() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("python"), PYTHON).unwrap();
    fs::set_permissions(at("python"), fs::Permissions::from_mode(0o755)).unwrap();
    let base = ["bench", "mse", "--test", "--out", "out"];
    let run = wgloss(directory.path(), &[&base[..], &["--peers", "./python"]].concat());
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert!(run.err.contains("left out: PyTorch compile by ./python"), "{run:#?}");
    let (adapter, rest) = run.out.split_once('\n').unwrap();
    assert!(!adapter.is_empty() && rest.contains("Measures a copy of 4 MiB"), "{run:#?}");
    assert_eq!(rest.starts_with("This adapter is software"), adapter.contains("(Cpu, "), "{run:#?}");
    assert!(run.out.contains("mse 262144") && run.out.contains("| 9000 | "), "{run:#?}");
    // a row for each dtype: on Mesa's driver for CPUs both sides are measured in the tuned environment too
    let tuned = run.out.lines().filter(|line| line.contains("| 4500 | "));
    assert_eq!(tuned.count(), if adapter.contains("llvmpipe") { 2 } else { 0 }, "{run:#?}");
    for file in ["results.md", "results.csv", "results.json", "ours/f32/results.svg"] {
        assert!(at("out").join(file).is_file(), "{file}");
    }
    assert!(!at("out/ours/f32/inputs").exists());
    let run = wgloss(directory.path(), &[&base[..], &["--json"]].concat());
    let said: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"));
    assert!(said["copy_gb_per_s"].as_f64() > Some(0.0), "{said:#}");
    let case = &said["cases"][0];
    assert_eq!((&case["case"], &case["unit"]), (&"mse 262144".into(), &"GB/s".into()), "{said:#}");
    assert!(case["with_gradients"]["ms"].as_f64() > Some(0.0), "{said:#}");
    let run = wgloss(directory.path(), &["bench", "vae"]);
    assert!(
        run.status == Some(2) && run.err.contains("no case is of `vae`; there are cases of cross_entropy"),
        "{run:#?}"
    );
}
