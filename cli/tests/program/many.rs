//! Many files, their totals, and checkpoints side by side.

use crate::common::{Run, files, npy, npy_of, wgloss};
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
    fs::write(at("late.tsv"), "\n\na0.npy\tb0.npy\n").unwrap();
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
        (&["--pairs", "list.tsv"], "file\tloss\na0.npy\t2.5\na1.npy\t9.0\ntotal\t4.666666666666667\n"),
        (&patterns, "file\tloss\na0.npy\t2.5\na1.npy\t9.0\ntotal\t4.666666666666667\n"),
        (&["--pairs", "list.tsv", "--option", "reduction=sum"], "file\tloss\na0.npy\t5.0\na1.npy\t9.0\ntotal\t14.0\n"),
        (
            &["--pairs", "list.tsv", "--divide-by", "7"],
            "file\tloss\na0.npy\t0.7142857142857143\na1.npy\t1.2857142857142858\ntotal\t2.0\n",
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

/// Two files of logits with their labels. The softmaxes are (¾, ¼), and (½, ½) at two positions.
fn logits() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(directory.path().join(name), bytes).unwrap();
    write("x0.npy", npy(&[1, 2], &[3f32.ln(), 0.0]));
    write("x1.npy", npy(&[2, 2], &[0.0; 4]));
    write("y0.npy", npy_of("|u1", &[1], &[1]));
    write("y1.npy", npy_of("|u1", &[2], &[0, 0]));
    directory
}

/// A perplexity is the exponential of a mean over all positions, in a table as beside a single loss.
#[test]
fn tables_show_what_is_observed() {
    let directory = logits();
    let observe = ["--observe", "accuracy", "--observe", "perplexity", "--device", "cpu"];
    let table = |arguments: &[&str]| -> Vec<Vec<String>> {
        let run = wgloss(directory.path(), &[arguments, &observe].concat());
        assert_eq!(run.status, Some(0), "{run:#?}");
        run.out.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let is_near =
        |cell: &str, value: f64| assert!((cell.parse::<f64>().unwrap() - value).abs() < 1e-6, "{cell}: {value}");
    let many = table(&["eval", "cross_entropy", "--input", "x?.npy", "--target", "y?.npy"]);
    assert_eq!(many[0], ["file", "loss", "cross_entropy.accuracy", "cross_entropy.perplexity"]);
    // the probabilities of the labels are ¼, and twice ½
    for (row, [accuracy, perplexity]) in many[1..].iter().zip([[0.0, 4.0], [1.0, 2.0], [2.0 / 3.0, 16f64.cbrt()]]) {
        is_near(&row[1], perplexity.ln());
        is_near(&row[2], accuracy);
        is_near(&row[3], perplexity);
    }
    assert_eq!((many.len(), many[3][0].as_str()), (4, "total"));
    let compared = table(&["compare", "cross_entropy", "x0.npy", "x0.npy", "--target", "y0.npy"]);
    assert_eq!(compared[0][3..], ["cross_entropy.accuracy", "cross_entropy.perplexity"]);
    is_near(&compared[1][3], 4.0);
    is_near(&compared[2][4], 4.0);
    let arguments = ["eval", "cross_entropy", "--input", "x?.npy", "--target", "y?.npy", "--json"];
    let run = wgloss(directory.path(), &[&arguments[..], &observe].concat());
    let report: Json = serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"));
    let (total, name) = (&report["total"], "cross_entropy.perplexity");
    is_near(&total["observations"][name].to_string(), 16f64.cbrt());
    let part = total["parts"].as_array().unwrap().iter().find(|part| part["name"] == name).unwrap();
    is_near(&part["value"].to_string(), 16f64.cbrt());
}

#[test]
fn lists_and_patterns_that_make_no_pairs_are_refused() {
    let directory = pairs();
    let table: [(&[&str], &str); 9] = [
        (&["--pairs", "none.tsv"], "error: none.tsv: "),
        (&["--pairs", "short.tsv"], "error: short.tsv:2: has 1 file for 2 operands"),
        (&["--pairs", "headless.tsv"], "error: headless.tsv:1: the first line names operands, and `a0.npy` is none"),
        (&["--pairs", "late.tsv"], "error: late.tsv:3: the first line names operands, and `a0.npy` is none"),
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

/// An error of one evaluation among many names its line and its file, and where in the file a number lies.
#[test]
fn an_error_among_many_files_says_where_it_is() {
    let directory = logits();
    let at = |name: &str| directory.path().join(name);
    let labels = |last: u8| npy_of("|u1", &[2, 3], &[0, 0, 0, 0, 0, last]);
    fs::write(at("good.npy"), labels(0)).unwrap();
    fs::write(at("bad.npy"), labels(7)).unwrap();
    fs::write(at("grid.npy"), npy(&[2, 2, 3], &[0.0; 12])).unwrap();
    fs::write(at("list.tsv"), "input\ttarget\ngrid.npy\tgood.npy\ngrid.npy\tbad.npy\n").unwrap();
    fs::write(at("lost.tsv"), "input\ttarget\n\ngrid.npy\tnone.npy\n").unwrap();
    let said = "cross_entropy: `target` holds 7 at position [1, 2], expected 0..2 or the ignore_index -100; `--option ignore_index=7`";
    let line = format!("error: list.tsv:3: grid.npy, bad.npy: {said}");
    let files = format!("error: grid.npy, bad.npy: {said}");
    let metric =
        "error: bad.npy: accuracy: `target` holds 7 at position [1, 2], expected 0..2; `--ignore-index 7` leaves";
    let pieces = ["cross_entropy", "--pairs", "list.tsv", "--hold", "3e-8"];
    let table: [(&str, &[&str], i32, &str); 6] = [
        ("eval", &["cross_entropy", "--pairs", "list.tsv"], 1, &line),
        ("eval", &pieces, 1, &line),
        ("eval", &["cross_entropy", "--pairs", "lost.tsv"], 2, "error: lost.tsv:3: none.npy: "),
        ("eval", &["cross_entropy", "--input", "gri?.npy", "--target", "ba?.npy"], 1, &files),
        ("compare", &["cross_entropy", "grid.npy", "--target", "bad.npy"], 1, &files),
        ("metric", &["accuracy", "--input", "gri?.npy", "--target", "ba?.npy"], 1, metric),
    ];
    for (command, arguments, status, said) in table {
        let run = wgloss(directory.path(), &[&[command], arguments, &["--device", "cpu"]].concat());
        assert_eq!(run.status, Some(status), "{run:#?}");
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
    let run = compare(&["mse", "a?.npy", "b[01].npy", "--target", "b?.npy"]);
    let expected = "\
file       loss               difference
a?.npy     4.666666666666667
b[01].npy  0.0                -4.666667
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
