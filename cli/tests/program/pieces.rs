//! Files that are evaluated in pieces of the batch: the loss is the whole file's, and the memory is bounded.

use crate::common::{Run, npy, npy_of, run, wgloss};
use serde_json::Value as Json;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

/// Numbers of both signs, with a period of 23.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|k| ((k * k + 3 * k) % 23) as f32 / 7.0 - 1.5).collect()
}

/// Files of 12 items: `[12, 4]`, `[12, 4, 3]`, `[12]`, labels in 0..4, and others.
fn items(directory: &Path) {
    let write = |name: &str, bytes: Vec<u8>| fs::write(directory.join(name), bytes).unwrap();
    for (name, shape) in [("c.npy", &[12, 4][..]), ("c3.npy", &[12, 4, 3]), ("v.npy", &[12]), ("w.npy", &[4])] {
        let count = shape.iter().product();
        write(name, npy(shape, &numbers(count)));
        write(&format!("p{name}"), npy(shape, &numbers(count).iter().map(|x| x * x + 0.5).collect::<Vec<_>>()));
    }
    write("l.npy", npy_of("|u1", &[12], &[0, 1, 2, 3, 3, 2, 1, 0, 0, 0, 3, 1]));
    write("l3.npy", npy_of("|u1", &[12, 3], &(0..36u32).map(|k| (k * k % 4) as u8).collect::<Vec<u8>>()));
    write("m.npy", npy_of("|b1", &[12], &[1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1]));
    write("s.npy", npy_of("|i1", &[12], &[1, 1, 255, 1, 255, 255, 1, 1, 1, 255, 1, 255]));
    let box_at = |k: usize| [k as f32, 0.0, k as f32 + 2.0, 1.5];
    write("b.npy", npy(&[12, 4], &(0..12).flat_map(box_at).collect::<Vec<_>>()));
    write("e.npy", npy(&[12, 4], &(0..12).flat_map(|k| box_at(k % 5)).collect::<Vec<_>>()));
    let columns = String::from_utf8_lossy(&npy(&[12, 4], &[])).replace("False", "True ");
    let header = npy(&[12, 4], &[]).len();
    assert_eq!(columns.chars().count(), header);
    let columns = [&npy(&[12, 4], &[])[..10], columns.split_at(columns.find('{').unwrap()).1.as_bytes()].concat();
    write("f.npy", [columns, numbers(48).iter().flat_map(|x| x.to_le_bytes()).collect()].concat());
}

fn json(run: &Run) -> Json {
    serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"))
}

#[test]
fn pieces_come_to_the_whole() {
    let directory = tempfile::tempdir().unwrap();
    items(directory.path());
    let table: [&[&str]; 15] = [
        &["mse", "--input", "c.npy", "--target", "pc.npy", "--weight", "pc.npy"],
        &["mse + 0.5*l1", "--input", "c.npy", "--target", "pc.npy", "--option", "reduction=sum"],
        &["l1", "--input", "v.npy", "--target", "pv.npy", "--mask", "m.npy", "--divide-by", "5"],
        &["cross_entropy", "--input", "c.npy", "--target", "l.npy", "--weight", "pw.npy", "--mask", "m.npy"],
        &[
            "cross_entropy",
            "--input",
            "c3.npy",
            "--target",
            "l3.npy",
            "--option",
            "z_loss=0.1",
            "--option",
            "ignore_index=2",
        ],
        &["cross_entropy", "--input", "c3.npy", "--target", "l4.npy", "--class-axis-last"],
        &["cross_entropy + 0.5*dice", "--input", "c3.npy", "--target", "l3.npy"],
        &["dice_cross_entropy", "--input", "c3.npy", "--target", "l3.npy"],
        &["kl_div", "--input", "c.npy", "--target", "pc.npy", "--option", "reduction=batch_mean"],
        &["box_iou", "--input", "b.npy", "--target", "e.npy"],
        &["cosine_embedding", "--operand", "input1=c.npy", "--operand", "input2=pc.npy", "--target", "s.npy"],
        &["vae", "--input", "c.npy", "--target", "pc.npy", "--operand", "mu=c3.npy", "--operand", "log_var=c3.npy"],
        &["gram_style", "--input", "c3.npy", "--target", "pc3.npy"],
        &["quantile", "--input", "c.npy", "--target", "v.npy", "--option", "quantiles=0.1,0.4,0.5,0.9"],
        &["linear_cross_entropy", "--operand", "input=c.npy", "--operand", "weight=pc.npy", "--target", "l.npy"],
    ];
    fs::write(directory.path().join("l4.npy"), npy_of("|u1", &[12, 4], &(0..48).map(|k| k % 3).collect::<Vec<u8>>()))
        .unwrap();
    for arguments in table {
        // some 300 bytes hold several items for most calls, but the whole batch for none; the shortest file needs a lower limit
        let least = if arguments.contains(&"v.npy") { "1.4e-7" } else { "2.8e-7" };
        let evaluate = |hold: &str| {
            let more = ["--device", "cpu", "--json", "--hold", hold];
            let run = wgloss(directory.path(), &[&["eval"], arguments, &more].concat());
            assert_eq!(run.status, Some(0), "{arguments:?}: {run:#?}");
            json(&run)
        };
        let (whole, pieces) = (evaluate("1"), evaluate(least));
        let loss = |report: &Json| report["loss"].as_f64().unwrap();
        assert!(
            (loss(&whole) - loss(&pieces)).abs() <= 1e-12 * loss(&whole).abs(),
            "{arguments:?}: {whole:#} {pieces:#}"
        );
        assert_eq!(whole["pieces"], 1, "{arguments:?}");
        assert!(pieces["pieces"].as_u64() > Some(1), "{arguments:?}: {pieces:#}");
        assert!(pieces["held_bytes"].as_u64() < whole["held_bytes"].as_u64(), "{arguments:?}: {pieces:#}");
    }
}

#[test]
fn what_cannot_be_cut_is_refused_by_its_header() {
    let directory = tempfile::tempdir().unwrap();
    items(directory.path());
    let table: [(&[&str], &str); 7] = [
        (
            &["info_nce", "--operand", "query=c.npy", "--operand", "key=pc.npy"],
            "info_nce of a batch is no sum over its items",
        ),
        (&["dice(batch=true)", "--input", "c3.npy", "--target", "l3.npy"], "dice of a batch is no sum over its items"),
        (&["mse + dice", "--option", "batch=true", "--input", "c3.npy", "--target", "pc3.npy"], "dice of a batch"),
        (&["mse", "--input", "f.npy", "--target", "c.npy"], "f.npy: is stored column by column"),
        (
            &["mse", "--input", "c.npy", "--target", "c.npy", "--gradient-of", "input=g.npy"],
            "gradients are computed for all",
        ),
        (&["mse", "--input", "c3.npy", "--target", "c3.npy"], "this is one item of the batch"),
        (&["l1", "--input", "c.npy", "--target", "v.npy"], "--hold 1 allows it"),
    ];
    for (arguments, said) in table {
        let run = wgloss(directory.path(), &[&["eval"], arguments, &["--device", "cpu", "--hold", "1e-8"]].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{arguments:?}: {run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}

/// Two operands of 384 MiB are evaluated by a process that may use 320 MiB of address space.
#[cfg(target_os = "linux")]
#[test]
fn a_large_file_takes_little_memory() {
    let directory = tempfile::tempdir().unwrap();
    // a sparse file of zeros, which takes no disk; f64 has the fewest elements for its bytes
    let elements = 48 << 20;
    for name in ["x.npy", "t.npy"] {
        let header = npy_of("<f8", &[elements], &[]);
        fs::write(directory.path().join(name), &header).unwrap();
        let file = File::options().write(true).open(directory.path().join(name)).unwrap();
        file.set_len((header.len() + 8 * elements) as u64).unwrap();
    }
    let limited = |limit: &str| {
        let line = format!(
            "ulimit -v {limit}; \"$WGLOSS\" eval mse --device cpu --input x.npy --target t.npy --hold 0.01 --json"
        );
        let mut program = Command::new("bash");
        run(program.current_dir(directory.path()).args(["-c", &line]).env("WGLOSS", env!("CARGO_BIN_EXE_wgloss")))
    };
    let run = limited("327680");
    assert_eq!(run.status, Some(0), "{run:#?}");
    let report = json(&run);
    assert_eq!((&report["loss"], &report["parts"][0]["denominator"]), (&0.0.into(), &(elements as f64).into()));
    assert!(report["held_bytes"].as_u64() <= Some(11 << 20), "{report:#}");
}
