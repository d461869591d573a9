//! Runs the built program where no GPU is needed: what it prints, the status it exits with, and the files it leaves.

#[path = "../common/mod.rs"]
mod common;

mod eval;
mod formats;
mod help;
mod kernel;
mod many;
mod metric;
mod pieces;
mod sums;
#[cfg(unix)]
mod unix;
mod verify;

use common::{Run, files, npy, report, run, wgloss};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the program with a backend that no machine has natively, so that it finds no adapter.
fn wgloss_without_adapter(directory: &Path, arguments: &[&str]) -> Run {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
    run(program.current_dir(directory).args(arguments).env("WGPU_BACKEND", "webgpu"))
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_landscape_that_cannot_be_drawn_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (["--size", "1"], "1 is not in 2..=1000"),
        (["--out", "flat.jpg"], "error: flat.jpg: expected FILE.png or FILE.svg"),
        (["--out", "none/flat.png"], "error: none/flat.png: its directory"),
        (["--surface", "moon"], "moon"),
    ] {
        let run = wgloss(directory.path(), &[&["landscape"], &arguments[..]].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
        assert_eq!(names(directory.path()), [""; 0]);
    }
}

/// `wgloss landscape --grid` draws a file's numbers without a GPU.
#[test]
fn the_numbers_of_a_file_are_drawn() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("v.npy"), npy(&[2, 3], &[5.0, 4.0, 3.0, 2.0, 1.0, f32::NAN])).unwrap();
    fs::write(at("line.npy"), npy(&[6], &[0.0; 6])).unwrap();
    fs::write(at("nan.npy"), npy(&[2, 2], &[f32::NAN; 4])).unwrap();
    for (name, text) in [
        ("good.wgsl", "fn f(x: f32, y: f32) -> f32 { return x * y; }"),
        ("name.wgsl", "fn g(x: f32, y: f32) -> f32 { return x; }\nfn h() {}"),
        ("arity.wgsl", "// one\nfn f(x: f32) -> f32 { return x; }"),
        ("unknown.wgsl", "fn f(x: f32, y: f32) -> f32 {\n    // no z\n    return z;\n}"),
        ("type.wgsl", "fn f(x: f32, y: f32) -> f32 { return x + vec2<u32>(); }"),
    ] {
        fs::write(at(name), text).unwrap();
    }
    let draw = |arguments: &[&str]| wgloss_without_adapter(directory.path(), &[&["landscape"], arguments].concat());
    for (arguments, said) in [
        (&["--grid", "v.npy"][..], "v: the lowest of 3 x 2 numbers is 1.0 at (1.0, 1.0)\nv.png\n"),
        (
            &["--grid", "v.npy", "--ends", "-1,1,0,9", "--out", "v.svg", "--title", "Numbers", "--log", "--map"],
            "v: the lowest of 3 x 2 numbers is 1.0 at (0.0, 9.0)\nv.svg\n",
        ),
    ] {
        let run = draw(arguments);
        assert_eq!((run.status, run.out.as_str()), (Some(0), said), "{run:#?}");
    }
    assert!(fs::read(at("v.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(fs::read_to_string(at("v.svg")).unwrap().contains("Numbers"));
    let before = names(directory.path());
    for (arguments, status, said) in [
        (&["--grid", "none.npy"][..], 2, "error: none.npy: "),
        (&["--grid", "line.npy"], 2, "error: line.npy: has shape [6], expected [rows, columns]"),
        (&["--grid", "nan.npy"], 1, "it cannot be drawn: "),
        (&["--grid", "v.npy", "--ends", "1,0,0,1"], 2, "expected four numbers"),
        (&["--grid", "v.npy", "--surface", "digits"], 2, "cannot be used with"),
        (&["--wgsl", "none.wgsl"], 2, "error: none.wgsl: "),
        (&["--wgsl", "good.wgsl"], 1, "no GPU adapter"),
        (
            &["--wgsl", "name.wgsl"],
            2,
            "error: name.wgsl: defines no function `f`, expected `fn f(x: f32, y: f32) -> f32",
        ),
        (&["--wgsl", "name.wgsl"], 2, "its functions: g, h"),
        (
            &["--wgsl", "arity.wgsl"],
            2,
            "error: arity.wgsl:2: `f` takes or returns something else, expected `fn f(x: f32",
        ),
        (&["--wgsl", "unknown.wgsl"], 2, "unknown.wgsl:3:12"),
        (&["--wgsl", "unknown.wgsl"], 2, "error: no definition in scope for identifier: `z`"),
        (&["--wgsl", "type.wgsl"], 2, "type.wgsl:1"),
    ] {
        let run = draw(arguments);
        assert_eq!((run.status, run.out.as_str()), (Some(status), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
        assert_eq!(names(directory.path()), before);
    }
}

#[test]
fn without_an_adapter_nothing_falls_back() {
    let directory = files();
    let eval = ["eval", "mse", "--input", "x.npy", "--target", "t.npy", "--gradient-of", "input=g.npy"];
    let before = names(directory.path());
    let verify = ["verify", "--loss", "mse"];
    for arguments in [&["devices"][..], &eval, &verify, &["verify", "--device", "gpu"], &["landscape"], &["bench"]] {
        let run = wgloss_without_adapter(directory.path(), arguments);
        assert_eq!(run.status, Some(1), "{run:#?}");
        assert!(run.err.contains("error: no GPU adapter: looked for WGPU_BACKEND=webgpu"), "{run:#?}");
        assert_eq!(names(directory.path()), before);
    }
    let run = wgloss_without_adapter(directory.path(), &verify);
    let reported = [&verify[..], &["--report", "r.json"]].concat();
    assert_eq!(wgloss_without_adapter(directory.path(), &reported).status, Some(1));
    let (report, _) = report(directory.path().join("r.json"));
    assert!(report["missing"].as_str().is_some_and(|why| why.starts_with("no GPU adapter")), "{report:#}");
    let last = run.out.lines().last().unwrap();
    assert!(last.ends_with(" failed") && !last.ends_with(" 0 failed") && !last.starts_with("0 passed"), "{run:#?}");
}

#[test]
fn an_unknown_backend_is_named_with_the_known_ones() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
    let run = run(program.args(["devices"]).env("WGPU_BACKEND", "nosuch"));
    assert_eq!(run.status, Some(1), "{run:#?}");
    assert!(run.err.contains("WGPU_BACKEND names `nosuch`, which is no backend; there are vulkan"), "{run:#?}");
    assert!(!run.err.to_lowercase().contains("install"), "{run:#?}");
}
