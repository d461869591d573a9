//! `wgloss eval`: what it prints and writes, and what it refuses.

use super::names;
use crate::common::{elements, files, npy, npy_of, wgloss};
use std::fs;

#[test]
fn a_loss_is_printed_and_its_gradient_written() {
    let directory = files();
    let base = ["eval", "mse", "--device", "cpu", "--input", "x.npy"];
    let run = wgloss(directory.path(), &[&base[..], &["--target", "t.npy", "--gradient-of", "input=g.npy"]].concat());
    assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (Some(0), "2.125\n", ""));
    assert_eq!(elements(directory.path().join("g.npy"), 2, f64::from_le_bytes), [0.5, 2.0]);

    let single = ["--target", "t.npy", "--gradient-of", "input=g.npy", "--f32-gradients"];
    assert_eq!(wgloss(directory.path(), &[&base[..], &single].concat()).status, Some(0));
    let written = fs::read(directory.path().join("g.npy")).unwrap();
    assert!(String::from_utf8_lossy(&written).contains("<f4"));
    assert_eq!(elements(directory.path().join("g.npy"), 2, f32::from_le_bytes), [0.5, 2.0]);

    let none = ["--operand", "target=t.safetensors:deep/t", "--option", "reduction=none"];
    let run = wgloss(directory.path(), &[&base[..], &none].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), "0.25\n4.0\n"), "{run:#?}");
    let run = wgloss(directory.path(), &[&base[..], &none, &["--output", "l.npy"]].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), ""), "{run:#?}");
    assert_eq!(elements(directory.path().join("l.npy"), 2, f64::from_le_bytes), [0.25, 4.0]);
    fs::write(directory.path().join("empty.npy"), npy(&[0, 3], &[])).unwrap();
    let empty = ["eval", "mse", "--device", "cpu", "--input", "empty.npy", "--target", "empty.npy"];
    let run = wgloss(directory.path(), &[&empty[..], &["--option", "reduction=none"]].concat());
    let printed = "shape [0, 3]\nmean NaN\nleast NaN\ngreatest NaN\nNaN 0 of 0\n";
    assert_eq!((run.status, run.out.as_str()), (Some(0), printed), "{run:#?}");
    let run = wgloss(directory.path(), &[&empty[..], &["--option", "reduction=sum"]].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), "0.0\n"), "{run:#?}");
    fs::write(directory.path().join("m.npy"), npy(&[2], &[0.0, 0.0])).unwrap();
    for (empty, printed) in
        [(&[][..], "NaN\n"), (&["--empty-is-zero"], "0.0\n"), (&["--option", "empty_is_zero=true"], "0.0\n")]
    {
        let masked = ["--target", "t.npy", "--mask", "m.npy"];
        let run = wgloss(directory.path(), &[&base[..], &masked, empty].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(0), printed), "{run:#?}");
    }
    assert_eq!(names(directory.path()), ["empty.npy", "g.npy", "l.npy", "m.npy", "t.npy", "t.safetensors", "x.npy"]);
}

#[test]
fn a_checked_evaluation_names_the_number_that_is_not_finite() {
    let directory = files();
    fs::write(directory.path().join("nan.npy"), npy(&[2], &[0.0, f32::NAN])).unwrap();
    fs::write(directory.path().join("m.npy"), npy(&[2], &[1.0, 0.0])).unwrap();
    let base = ["eval", "mse", "--device", "cpu", "--input", "nan.npy", "--target", "t.npy"];
    let refused = "mse: `input` holds NaN at position 1, expected a finite number";
    for (more, status, out) in [
        (&[][..], 0, "NaN\n"),
        (&["--checked"], 1, ""),
        (&["--option", "checked=true"], 1, ""),
        (&["--checked", "--mask", "m.npy"], 0, "0.25\n"),
    ] {
        let run = wgloss(directory.path(), &[&base[..], more].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(status), out), "{more:?}: {run:#?}");
        assert_eq!(run.err.contains(refused), status == 1, "{run:#?}");
    }
}

/// A call that is probably a mistake gets a warning on the standard error, and prints the same result.
#[test]
fn what_is_rarely_meant_is_warned_of() {
    let directory = files();
    let write = |name: &str, bytes: Vec<u8>| fs::write(directory.path().join(name), bytes).unwrap();
    write("nan.npy", npy(&[2], &[0.0, f32::NAN]));
    write("zeros.npy", npy(&[2], &[0.0; 2]));
    write("one.npy", npy(&[2, 1, 1], &[0.5; 2]));
    write("mask.npy", npy_of("|u1", &[2, 1, 1], &[0, 255]));
    write("bits.npy", npy_of("|u1", &[2, 1, 1], &[0, 1]));
    let numbers = ["--input", "x.npy", "--target", "t.npy"];
    let base = ["--input", "one.npy", "--target"];
    let table: [(&[&str], &str, &str); 8] = [
        (&["mse", "--input", "nan.npy", "--target", "t.npy"], "NaN\n", "the loss is NaN: `--checked` names"),
        (&[&["mse", "--mask", "zeros.npy"], &numbers[..]].concat(), "NaN\n", "the loss is NaN: a mean over nothing"),
        (&[&["mse", "--mask", "zeros.npy", "--empty-is-zero"], &numbers[..]].concat(), "0.0\n", ""),
        (
            &[&["bce_with_logits"], &base[..], &["mask.npy"]].concat(),
            "",
            "mask.npy: `target` holds 255, and bce_with_log",
        ),
        (&[&["dice(activation=sigmoid)"], &base[..], &["mask.npy"]].concat(), "", "`target` holds 255, and dice"),
        (&[&["bce_with_logits"], &base[..], &["bits.npy"]].concat(), "", ""),
        (&[&["mse"], &base[..], &["mask.npy"]].concat(), "", ""),
        (&[&["cross_entropy"], &base[..], &["bits.npy"]].concat(), "0.0\n", "`input` of shape [2, 1, 1] has one class"),
    ];
    for (arguments, printed, warned) in table {
        let run = wgloss(directory.path(), &[&["eval", "--device", "cpu"], arguments].concat());
        assert!(run.status == Some(0) && run.out.ends_with(printed) && !run.out.is_empty(), "{run:#?}");
        assert!(run.err.contains(warned) && run.err.is_empty() == warned.is_empty(), "{warned}: {run:#?}");
        assert_eq!(run.err.lines().count(), usize::from(!warned.is_empty()), "{run:#?}");
    }
}

#[test]
fn a_softmax_is_observed_beside_its_loss() {
    let directory = files();
    // the softmaxes are (¾, ¼) and (½, ½)
    let logits = npy(&[2, 2], &[3f32.ln(), 0.0, 1.0, 1.0]);
    fs::write(directory.path().join("logits.npy"), logits).unwrap();
    fs::write(directory.path().join("labels.npy"), npy_of("|u1", &[2], &[0, 1])).unwrap();
    let observe = [["--observe", "accuracy,top_2"], ["--observe", "perplexity"]];
    let base = ["--device", "cpu", "--input", "logits.npy", "--target", "labels.npy"];
    let run = |loss: &str, more: &[&str]| {
        wgloss(directory.path(), &[&["eval", loss][..], &base, observe.as_flattened(), more].concat())
    };
    let printed = run("cross_entropy", &[]);
    assert_eq!(printed.status, Some(0), "{printed:#?}");
    let lines: Vec<(&str, f64)> = printed
        .out
        .lines()
        .skip(1)
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect();
    let want = [("accuracy", 0.5), ("top_2", 1.0), ("perplexity", (8.0f64 / 3.0).sqrt())];
    for ((name, value), (observation, want)) in lines.iter().zip(want) {
        assert_eq!(*name, format!("cross_entropy.{observation}"));
        assert!((value - want).abs() < 1e-6, "{name} is {value}, not {want}");
    }
    assert_eq!(lines.len(), want.len());
    // with the reduction `sum`, too, an observation is a mean over positions; it adds nothing to the loss
    let json = run("cross_entropy", &["--json", "--option", "reduction=sum"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["observations"]["cross_entropy.accuracy"], 0.5);
    assert!((json["loss"].as_f64().unwrap() - (8.0f64 / 3.0).ln()).abs() < 1e-6);
    // observations are printed even if the loss is written to a file
    let written = run("cross_entropy", &["--output", "l.npy"]);
    assert_eq!(written.out.lines().count(), want.len(), "{written:#?}");
    // in a sum of losses, observations go to those that can make them; a single loss that can't refuses them
    assert_eq!(run("cross_entropy + mse(target=input)", &[]).status, Some(0));
    let refused = wgloss(
        directory.path(),
        &["eval", "mse", "--device", "cpu", "--input", "x.npy", "--target", "t.npy", "--observe", "entropy"],
    );
    assert_eq!(refused.status, Some(1));
    assert!(refused.err.contains("option `observe` is entropy"), "{refused:#?}");
    let unknown = run("cross_entropy", &["--observe", "top_0"]);
    assert_eq!(unknown.status, Some(2));
    assert!(unknown.err.contains("perplexity"), "{unknown:#?}");
}

#[test]
fn what_is_observed_of_each_position_goes_to_files() {
    let directory = files();
    // the softmaxes are (¾, ¼), (½, ½) and unknown
    let logits = npy(&[3, 2], &[3f32.ln(), 0.0, 1.0, 1.0, f32::NAN, 0.0]);
    fs::write(directory.path().join("logits.npy"), logits).unwrap();
    fs::write(directory.path().join("labels.npy"), npy_of("|u1", &[3], &[1, 1, 0])).unwrap();
    let base = ["--device", "cpu", "--input", "logits.npy", "--target", "labels.npy"];
    // in a sum the first loss that can make them does; if the batch is read in pieces, the files have all positions
    for more in [&["cross_entropy"][..], &["cross_entropy + mse(target=input)"], &["cross_entropy", "--hold", "1.4e-8"]]
    {
        let files = ["--predicted", "p.npy", "--log-prob", "l.npy"];
        let run = wgloss(directory.path(), &[&["eval"][..], more, &base, &files].concat());
        assert_eq!(run.status, Some(0), "{run:#?}");
        assert_eq!(elements(directory.path().join("p.npy"), 3, u32::from_le_bytes), [0, 0, u32::MAX]);
        let got = elements(directory.path().join("l.npy"), 3, f64::from_le_bytes);
        assert!((got[0] + 4f64.ln()).abs() < 1e-6 && (got[1] + 2f64.ln()).abs() < 1e-12 && got[2].is_nan(), "{got:?}");
    }
    for (more, said) in [
        (&["cross_entropy", "--predicted", "p.npy", "--log-prob", "p.npy"][..], "is named for two outputs"),
        (&["cross_entropy", "--observe", "predicted"], "--predicted"),
        (&["cross_entropy", "--observe", "log_prob"], "--log-prob"),
        (&["mse", "--predicted", "p.npy"], "option `observe` is predicted"),
    ] {
        let run = wgloss(directory.path(), &[&["eval"][..], more, &base].concat());
        assert!(run.status != Some(0) && run.err.contains(said), "{run:#?}");
    }
}

#[test]
fn regions_are_observed_class_by_class() {
    let directory = files();
    // predicted are classes 0, 1 and 1, and the labels are 0, 1 and 0
    let logits = npy(&[1, 2, 3], &[2.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    fs::write(directory.path().join("logits.npy"), logits).unwrap();
    fs::write(directory.path().join("labels.npy"), npy_of("|u1", &[1, 3], &[0, 1, 0])).unwrap();
    let base = ["--device", "cpu", "--input", "logits.npy", "--target", "labels.npy", "--json"];
    let observe = ["--observe", "iou", "--observe", "accuracy"];
    // each observation goes to the losses that make it
    let run = wgloss(
        directory.path(),
        &[&["eval", "cross_entropy + dice(activation=softmax)"][..], &base, &observe].concat(),
    );
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:#?}"));
    let observed = &json["observations"];
    for (name, want) in [("cross_entropy.accuracy", 2.0 / 3.0), ("dice.iou.0", 0.5), ("dice.iou.1", 0.5)] {
        assert!((observed[name].as_f64().unwrap() - want).abs() < 1e-6, "{name}: {observed}");
    }
    assert_eq!(observed.as_object().unwrap().len(), 3);
}

#[test]
fn a_refused_evaluation_leaves_no_files() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("cut.npy"), &npy(&[2], &[1.0, 3.0])[..60]).unwrap();
    fs::write(at("long.npy"), npy(&[3], &[1.0, 2.0, 3.0])).unwrap();
    fs::write(at("old.npy"), "what was there").unwrap();
    fs::create_dir(at("folder.npy")).unwrap();
    let before = names(directory.path());
    let endless = format!("input={}.npy", "g".repeat(300));
    // the loss, the arguments after two good operands, the exit status, and what the error has to contain
    let runs: [(&str, &[&str], i32, &str); 35] = [
        ("unheard_of", &[], 2, "unheard_of"),
        ("mse", &["--option", "colour=red"], 2, "error: mse has no option `colour`, but reduction, "),
        ("mse", &["--option", "reduction=batch"], 2, "error: mse: option `reduction` is batch, expected one of mean, "),
        ("mse", &["--option", "reduction"], 2, "NAME=VALUE"),
        ("mse", &["--operand", "colour=t.npy"], 2, "error: mse has no operand `colour`, but input, target, "),
        ("mse", &["--operand", "weights=t.npy"], 2, "error: mse has no operand `weights`; did you mean weight"),
        ("mse", &["--gradient-of", "inputs=h.npy"], 2, "error: mse has no operand `inputs`; did you mean input?"),
        ("mse", &["--gradient-of", "g.npy"], 2, "expected NAME=FILE, such as input=x.npy"),
        ("mse", &["--weight", "model.pt"], 2, "error: model.pt: expected FILE.npy"),
        ("mse", &["--weight", "model.pt"], 2, "safetensors.torch.save_file"),
        ("huber", &["--option", "dleta=1"], 2, "error: huber has no option `dleta`; did you mean delta?"),
        ("huber(dleta=1)", &[], 2, "error: huber has no option `dleta`; did you mean delta?"),
        ("CrossEntropyLoss", &[], 2, "there is no loss `CrossEntropyLoss`; did you mean cross_entropy?"),
        ("focal", &[], 2, "sigmoid_focal"),
        ("huber", &["--dleta", "0.5"], 2, "tip: --option delta=0.5\n"),
        ("huber", &["--delta=0.5"], 2, "tip: --option delta=0.5\n"),
        ("mse", &["--sample-weight", "x.npy"], 2, "tip: --operand sample_weight=x.npy\n"),
        ("mse", &["--memory", "much"], 2, "expected a number above 0"),
        ("cross_entropy", &["--observe", "top5"], 2, "did you mean top_5?"),
        ("cross_entropy", &["--observe", "top10"], 2, "did you mean top_10?"),
        ("cross_entropy", &["--observe", "accuracy,perplexty"], 2, "did you mean perplexity?"),
        ("mse", &["--device", "cuda"], 2, "'gpu'"),
        ("mse", &["--weight", "long.npy"], 1, "error: mse: `weight` has shape [3]"),
        ("mse", &["--weight", "cut.npy"], 2, "error: cut.npy: is cut off"),
        ("mse", &["--weight", "folder.npy"], 2, "error: folder.npy: is not a file"),
        ("mse", &["--weight", "t.safetensors:u"], 2, "error: t.safetensors:u: has no such tensor; it has deep/t"),
        ("mse", &["--gradient-of", "mask=m.npy"], 1, "operand `mask` is not given"),
        ("mse", &["--gradient-of", "input=none/g.npy"], 2, "error: none/g.npy: its directory"),
        ("mse", &["--gradient-of", "input=x.npy/g.npy"], 2, "error: x.npy/g.npy: "),
        ("mse", &["--gradient-of", "input=g.txt"], 2, "error: g.txt: expected FILE.npy"),
        ("mse", &["--gradient-of", "input=folder.npy"], 2, "error: folder.npy: exists, but is not a file"),
        ("mse", &["--gradient-of", &endless], 2, "os error"),
        ("mse", &["--gradient-of", "input=h.npy", "--output", "./h.npy"], 2, "is named for two outputs"),
        ("mse", &["--output", "old.npy", "--option", "colour=red"], 2, "option `colour`"),
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

#[test]
fn an_output_that_is_read_is_refused_unless_forced() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    fs::hard_link(at("x.npy"), at("same.npy")).unwrap();
    let before = fs::read(at("x.npy")).unwrap();
    let base = ["eval", "mse", "--device", "cpu", "--input", "x.npy", "--target", "t.npy"];
    let names: &[&str] = if cfg!(unix) { &["x.npy", "./x.npy", "same.npy"] } else { &["x.npy", "./x.npy"] };
    for place in names {
        for outputs in [["--output", place], ["--gradient-of", &format!("target={place}")]] {
            let run = wgloss(directory.path(), &[&base[..], &outputs].concat());
            assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
            let said = format!("error: {place}: `input` is read from it; --force overwrites it");
            assert!(run.err.contains(&said), "{said}: {run:#?}");
            assert_eq!(fs::read(at("x.npy")).unwrap(), before);
        }
    }
    // a number that scales the gradients or the loss may stand in a file, too
    fs::write(at("two.npy"), npy(&[1], &[2.0])).unwrap();
    for scale in ["--upstream", "--divide-by"] {
        let run = wgloss(directory.path(), &[&base[..], &[scale, "two.npy", "--output", "two.npy"]].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        let said = format!("error: two.npy: `{scale}` is read from it; --force overwrites it");
        assert!(run.err.contains(&said), "{said}: {run:#?}");
        assert_eq!(elements(at("two.npy"), 1, f32::from_le_bytes), [2.0]);
    }
    let run = wgloss(directory.path(), &[&base[..], &["--output", "x.npy", "--force"]].concat());
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert_eq!(elements(at("x.npy"), 1, f64::from_le_bytes), [2.125]);
}

#[test]
fn an_option_given_twice_is_refused() {
    let directory = files();
    let base = ["eval", "huber", "--device", "cpu", "--input", "x.npy", "--target", "t.npy"];
    for (options, said) in [
        (["--option", "delta=1", "--option", "delta=2"], "error: --option delta is given twice"),
        (["--option", "reduction=sum", "--option", "reduction=mean"], "error: --option reduction is given twice"),
    ] {
        let run = wgloss(directory.path(), &[&base[..], &options].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}

/// Files are refused by their headers alone, before their elements are read or memory for them is allocated.
#[test]
fn files_that_claim_much_are_refused_by_their_headers() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    // a sparse file of 4 GiB takes no disk, but reading it would take memory and time
    let hole = |name: &str, head: &[u8]| {
        fs::write(at(name), head).unwrap();
        fs::File::options().write(true).open(at(name)).unwrap().set_len(4 << 30).unwrap();
    };
    hole("short.npy", &npy(&[2], &[]));
    // the first ten bytes are the magic number, the version and the size
    let complex = npy(&[1 << 29], &[]);
    hole(
        "complex.npy",
        &[&complex[..10], String::from_utf8_lossy(&complex[10..]).replace("<f4", "<c4").as_bytes()].concat(),
    );
    hole("none.npy", b"PK");
    let header = br#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    hole("short.safetensors", &[&(header.len() as u64).to_le_bytes()[..], header].concat());
    hole("long.safetensors", &u64::MAX.to_le_bytes());
    fs::write(at("far.npy"), npy(&[0, 1 << 40], &[])).unwrap();
    fs::write(at("rows.npy"), npy(&[1 << 20, 0], &[])).unwrap();
    let run = |loss: &str, places: [&str; 2], names: [&str; 2]| {
        let operands = [format!("{}={}", names[0], places[0]), format!("{}={}", names[1], places[1])];
        let began = std::time::Instant::now();
        let run = wgloss(
            directory.path(),
            &["eval", loss, "--device", "cpu", "--operand", &operands[0], "--operand", &operands[1]],
        );
        assert!(began.elapsed().as_secs() < 20, "{places:?}: {:?}", began.elapsed());
        run
    };
    let mse = ["input", "target"];
    for (place, said) in [
        ("short.npy", "error: short.npy: is damaged: its shape [2] takes 8 bytes"),
        ("complex.npy", "error: complex.npy: holds <c4"),
        ("none.npy", "error: none.npy: is not an .npy file"),
        ("short.safetensors:x", "error: short.safetensors:x: is damaged: its tensors take 8 bytes"),
        ("long.safetensors:x", "error: long.safetensors:x: is damaged: its header is longer"),
    ] {
        let run = run("mse", [place, "t.npy"], mse);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
    for (loss, place, names, said) in [
        ("distillation", "far.npy", ["student", "teacher"], "elements of `student` of shape [0, 1099511627776]"),
        ("info_nce", "rows.npy", ["query", "key"], "--memory GIB allows more"),
    ] {
        let run = run(loss, [place, place], names);
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}

/// A segment out of range is no label, and no option leaves it out.
#[test]
fn only_a_bad_label_is_advised_to_be_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(directory.path().join(name), bytes).unwrap();
    write("x.npy", npy(&[2, 1], &[1.0, 2.0]));
    write("r.npy", npy(&[2], &[-1.0, -2.0]));
    write("good.npy", npy_of("|u1", &[2], &[0, 1]));
    write("bad.npy", npy_of("|u1", &[2], &[0, 7]));
    for (bad, target, segments) in [("target", "bad.npy", "good.npy"), ("segments", "good.npy", "bad.npy")] {
        let files = [("hidden", "x.npy"), ("weight", "x.npy"), ("reference", "r.npy")];
        let files = files.into_iter().chain([("target", target), ("segments", segments)]);
        let operands: Vec<String> = files.map(|(name, file)| format!("--operand={name}={file}")).collect();
        let arguments =
            ["eval", "linear_dpo", "--device", "cpu"].into_iter().chain(operands.iter().map(String::as_str));
        let run = wgloss(directory.path(), &arguments.collect::<Vec<_>>());
        assert!(run.err.contains(&format!("`{bad}` holds 7 at position 1")), "{run:#?}");
        assert_eq!(run.err.contains("--option ignore_index=7"), bad == "target", "{run:#?}");
    }
}
