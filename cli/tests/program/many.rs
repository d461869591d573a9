//! Many files, their totals, and checkpoints side by side.

use crate::common::{Run, files, npy, wgloss};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Predictions `a0`, `a1` and targets `b0`, `b1`: squared errors of 1 and 4, and of 9.
fn pairs() -> TempDir {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("a0.npy"), npy(&[2], &[1.0, 2.0])).unwrap();
    fs::write(at("b0.npy"), npy(&[2], &[0.0, 0.0])).unwrap();
    fs::write(at("a1.npy"), npy(&[1], &[3.0])).unwrap();
    fs::write(at("b1.npy"), npy(&[1], &[0.0])).unwrap();
    fs::write(at("list.tsv"), "input\ttarget\na0.npy\tb0.npy\n\na1.npy\tb1.npy\n").unwrap();
    fs::write(at("short.tsv"), "input\ttarget\na0.npy\n").unwrap();
    fs::write(at("headless.tsv"), "a0.npy\tb0.npy\n").unwrap();
    fs::write(at("empty.tsv"), "").unwrap();
    directory
}

fn eval(directory: &Path, arguments: &[&str]) -> Run {
    wgloss(directory, &[&["eval", "mse", "--device", "cpu"], arguments].concat())
}

#[test]
fn files_are_evaluated_one_by_one_and_in_total() {
    let directory = pairs();
    let patterns = ["--input", "a?.npy", "--target", "b[01].npy"];
    // the total of means is the mean over all elements, not the mean of the means; the total of sums is not divided
    let table: [(&[&str], &str); 4] = [
        (&["--pairs", "list.tsv"], "a0.npy\t2.5\na1.npy\t9.0\ntotal\t4.666666666666667\n"),
        (&patterns, "a0.npy\t2.5\na1.npy\t9.0\ntotal\t4.666666666666667\n"),
        (&["--pairs", "list.tsv", "--option", "reduction=sum"], "a0.npy\t5.0\na1.npy\t9.0\ntotal\t14.0\n"),
        (
            &["--pairs", "list.tsv", "--divide-by", "7"],
            "a0.npy\t0.7142857142857143\na1.npy\t1.2857142857142858\ntotal\t2.0\n",
        ),
    ];
    for (arguments, expected) in table {
        let run = eval(directory.path(), arguments);
        assert_eq!((run.status, run.out.as_str()), (Some(0), expected), "{arguments:?}: {run:#?}");
    }
    let run = eval(directory.path(), &[&patterns[..], &["--json"]].concat());
    let report: Json = serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"));
    assert_eq!((&report["files"][1]["files"]["input"], &report["files"][1]["loss"]), (&"a1.npy".into(), &9.0.into()));
    let total = &report["total"]["parts"][0];
    assert_eq!((&total["sum"], &total["denominator"]), (&14.0.into(), &3.0.into()), "{report:#}");
}

#[test]
fn lists_and_patterns_that_make_no_pairs_are_refused() {
    let directory = pairs();
    let table: [(&[&str], &str); 8] = [
        (&["--pairs", "none.tsv"], "error: none.tsv: "),
        (&["--pairs", "short.tsv"], "error: short.tsv:2: has 1 files for 2 operands"),
        (&["--pairs", "headless.tsv"], "error: headless.tsv:1: the first line names operands, and `a0.npy` is none"),
        (&["--pairs", "empty.tsv"], "error: empty.tsv: is empty"),
        (&["--input", "a*.npy", "--target", "b1*.npy"], "`input` has 2 files (a*.npy), and `target` has 1 (b1*.npy)"),
        (&["--input", "c*.npy", "--target", "b*.npy"], "error: c*.npy: no file matches"),
        (&["--pairs", "list.tsv", "--output", "l.npy"], "--output is for one evaluation, and these are 2"),
        (&["--pairs", "list.tsv", "--option", "reduction=none"], "the reduction none gives no total"),
    ];
    for (arguments, said) in table {
        let run = eval(directory.path(), arguments);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}

#[test]
fn checkpoints_stand_side_by_side() {
    let directory = pairs();
    let compare =
        |arguments: &[&str]| wgloss(directory.path(), &[&["compare"], arguments, &["--device", "cpu"]].concat());
    let run = compare(&["mse + l1", "x.npy", "a0.npy", "t.safetensors", "--tensor", "deep/t", "--target", "t.npy"]);
    let expected = "\
file           loss   difference  mse    l1
x.npy          3.375              2.125  1.25
a0.npy         1.375  -2.000000   0.625  0.75
t.safetensors  0.0    -3.375000   0.0    0.0
";
    assert_eq!((run.status, run.out.as_str()), (Some(0), expected), "{run:#?}");
    let run = compare(&["mse", "x.npy", "a0.npy", "--target", "t.npy", "--json"]);
    let report: Json = serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"));
    assert_eq!((&report["files"][1]["file"], &report["files"][1]["loss"]), (&"a0.npy".into(), &0.625.into()));
    for (arguments, said) in [
        (&["mse", "--target", "t.npy"][..], "<FILE>"),
        (&["mse", "x.npy", "none.npy", "--target", "t.npy"], "error: none.npy: "),
        (&["mse", "x.npy", "--option", "reduction=none"], "gives no number to compare"),
    ] {
        let run = compare(arguments);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}
