//! `wgloss metric`: what it prints and writes, and what it refuses.

use crate::common::{Run, elements, npy, npy_of, wgloss};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Logits whose predicted classes are 0, 1, 1 and none, and labels 0, 1, 0 and 1.
fn files() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(directory.path().join(name), bytes).unwrap();
    write("x.npy", npy(&[4, 2], &[2.0, 0.0, 0.0, 1.0, 0.0, 1.0, f32::NAN, 0.0]));
    write("t.npy", npy_of("|u1", &[4], &[0, 1, 0, 1]));
    write("m.npy", npy_of("|b1", &[4], &[1, 1, 0, 1]));
    write("p0.npy", npy_of("|u1", &[2], &[0, 1]));
    write("p1.npy", npy_of("|u1", &[1], &[1]));
    write("l0.npy", npy_of("|u1", &[2], &[0, 255]));
    write("l1.npy", npy_of("|u1", &[1], &[0]));
    directory
}

fn metric(directory: &Path, arguments: &[&str]) -> Run {
    wgloss(directory, &[&["metric"], arguments, &["--device", "cpu"]].concat())
}

#[test]
fn metrics_are_printed_and_counts_written() {
    let directory = files();
    let base = ["--input", "x.npy", "--target", "t.npy"];
    let many = ["--input", "p?.npy", "--target", "l?.npy", "--classes", "2", "--ignore-index", "255"];
    let table: [(&[&str], &str); 4] = [
        (&[&["accuracy"], &base[..]].concat(), "0.5\nright 2\npositions 4\nunpredicted 1\n"),
        (
            &[&["accuracy"], &base[..], &["--mask", "m.npy"]].concat(),
            "0.6666666666666666\nright 2\npositions 3\nunpredicted 1\n",
        ),
        // files of predicted labels are counted together
        (&[&["accuracy"], &many[..]].concat(), "0.5\nright 1\npositions 2\nunpredicted 0\n"),
        (
            &[&["confusion_matrix"], &base[..], &["--output", "c.npy"]].concat(),
            "0.5\nbalanced_accuracy 0.5\nmean_iou 0.41666666666666663\nmean_dice 0.5833333333333333\nlabel\t0\t1\tunpredicted\tprecision\trecall\tiou\tdice\n0\t1\t1\t0\t1.0\t0.5\t0.5\t0.6666666666666666\n1\t0\t1\t1\t0.5\t0.5\t0.3333333333333333\t0.5\n",
        ),
    ];
    for (arguments, printed) in table {
        let run = metric(directory.path(), arguments);
        assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (Some(0), printed, ""), "{arguments:?}");
    }
    assert_eq!(elements(directory.path().join("c.npy"), 4, u32::from_le_bytes), [1, 1, 0, 1]);
    let run = metric(directory.path(), &[&["confusion_matrix", "--json"], &base[..]].concat());
    let json: Json = serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"));
    assert_eq!((&json["accuracy"], &json["positions"]), (&0.5.into(), &4.into()), "{json:#}");
    let means = ["balanced_accuracy", "mean_iou", "mean_dice"].map(|name| json[name].as_f64().unwrap());
    assert!(
        (means[0] - 0.5).abs() + (means[1] - 5.0 / 12.0).abs() + (means[2] - 7.0 / 12.0).abs() < 1e-12,
        "{means:?}"
    );
    assert_eq!(json["counts"], serde_json::json!([[1, 1], [0, 1]]));
    assert_eq!(json["unpredicted"], serde_json::json!([0, 1]));
}

/// More than a piece holds: 80 MB of logits.
#[test]
fn long_files_are_counted_in_pieces() {
    let directory = files();
    let positions = 200_000;
    let logits: Vec<f32> =
        (0..positions).flat_map(|k| (0..100).map(move |c| f32::from(u8::from(c == k % 100)))).collect();
    fs::write(directory.path().join("x.npy"), npy(&[positions, 100], &logits)).unwrap();
    let labels: Vec<u8> = (0..positions).map(|k| (k % 50) as u8).collect();
    fs::write(directory.path().join("t.npy"), npy_of("|u1", &[positions], &labels)).unwrap();
    let run = metric(directory.path(), &["accuracy", "--input", "x.npy", "--target", "t.npy"]);
    assert_eq!(
        (run.status, run.out.as_str()),
        (Some(0), "0.5\nright 100000\npositions 200000\nunpredicted 0\n"),
        "{run:#?}"
    );
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let directory = files();
    let base = ["--input", "x.npy", "--target", "t.npy"];
    let table: [(&[&str], i32, &str); 6] = [
        (&["recall"], 2, "tip: confusion_matrix prints the IoU, Dice, precision and recall"),
        (&["accuracy", "--output", "c.npy"], 2, "--output is for the counts of a confusion_matrix"),
        (&["confusion_matrix", "--output", "t.npy"], 2, "t.npy: `target` is read from it"),
        (&["confusion_matrix", "--output", "c.txt"], 2, "expected FILE.npy"),
        (&["accuracy", "--classes", "3"], 1, "accuracy: option `classes` is 3, expected 2, the classes of `input`"),
        (&["accuracy", "--mask", "p0.npy"], 1, "accuracy: `mask` has shape [2], expected [4]"),
    ];
    for (arguments, status, said) in table {
        let run = metric(directory.path(), &[arguments, &base[..]].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(status), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
        assert!(!directory.path().join("c.npy").exists());
    }
}
