//! `wgloss verify`: cases, reports, and what cannot be read.

use super::names;
use crate::common::{ONE, Run, cases, report, wgloss};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

#[test]
fn the_built_in_cases_pass_on_the_cpu() {
    let run = wgloss(Path::new("."), &["verify", "--device", "cpu"]);
    assert_eq!(run.status, Some(0), "{run:#?}");
    let last = run.out.lines().last().unwrap();
    let passed: usize = last.strip_suffix(" passed, 0 failed").expect(last).parse().unwrap();
    assert!(passed > 200, "{last}");
    assert_eq!(run.err, "");
}

/// Verifies a directory's cases on the CPU. Returns the run, its exit status and its last line.
fn verified(directory: &TempDir, more: &[&str]) -> (Run, Option<i32>, String) {
    let run = wgloss(directory.path(), &[&["verify", "--device", "cpu", "--cases", "."], more].concat());
    let last = run.out.lines().last().unwrap_or_default().to_string();
    let status = run.status;
    (run, status, last)
}

const REFUSED: &str = r#""gradients": [], "error": "invalid_option", "options": {"colour": "red"}"#;

#[test]
fn a_case_passes_with_the_expected_numbers_or_error() {
    for directory in [cases("one", "one"), cases(ONE, REFUSED)] {
        let (run, status, last) = verified(&directory, &["--loss", "mse"]);
        assert_eq!((status, last.as_str()), (Some(0), "1 passed, 0 failed"), "{run:#?}");
    }
}

#[test]
fn a_failed_case_says_why() {
    let (sum, mean) = (r#""reduction": "sum""#, r#""reduction": "mean""#);
    let inputs = r#"["input", "target"]"#;
    let accepted = r#""gradients": [], "error": "invalid_option", "options": {}"#;
    let refused_otherwise = REFUSED.replace("invalid_option", "shape_mismatch");
    // the text to replace in the list of cases, its replacement, and what the output has to contain
    let changes = [
        (sum, mean, "host arrays, with gradients: loss: element []: got 2.125, want 4.25"),
        (sum, mean, "host arrays, with gradients: gradient of `input`: element [1]: got 2.0, want 4.0"),
        (sum, mean, "host arrays, value alone: loss: element []: got 2.125"),
        (sum, r#""colour": "red""#, "refused: mse: option `colour`"),
        (sum, r#""colour": [[1]]"#, "option `colour` is [[1]], which is not known"),
        (r#""atol""#, r#""colour": 1, "atol""#, "unknown field `colour`"),
        (r#""atol": 1e-7, "#, "", "expected an `error`, or `rtol` and `atol`"),
        (inputs, r#"["input"]"#, "tensor `one/target` is not known"),
        (inputs, r#"["input", "mask"]"#, "tensor `one/mask` is missing"),
        (ONE, accepted, "with gradients: not refused as invalid_option"),
        (ONE, accepted, "value alone: not refused as invalid_option"),
        (ONE, &refused_otherwise, "refused, but not as shape_mismatch: mse: option `colour`"),
    ];
    for (from, to, said) in changes {
        let (run, status, last) = verified(&cases(from, to), &[]);
        assert_eq!((status, last.as_str()), (Some(1), "0 passed, 1 failed"), "{to}: {run:#?}");
        assert!(run.out.contains(said), "{said}: {run:#?}");
    }
}

#[test]
fn a_case_in_16_bits_is_compared_with_the_twin_on_rounded_operands() {
    // the case's own numbers are wrong, but only f32 is compared with them
    let directory = cases(r#""reduction": "sum""#, r#""reduction": "mean""#);
    for (dtype, expected, expected_last) in [
        ("f32", 1, "0 passed, 1 failed"),
        ("f16", 0, "1 passed, 0 failed"),
        ("bf16", 0, "1 passed, 0 failed"),
        ("all", 1, "2 passed, 1 failed"),
    ] {
        let (run, status, last) = verified(&directory, &["--dtype", dtype]);
        assert_eq!((status, last.as_str()), (Some(expected), expected_last), "{run:#?}");
    }
    let (run, _, last) = verified(&cases(ONE, REFUSED), &["--dtype", "all"]);
    assert_eq!(last, "3 passed, 0 failed", "{run:#?}");
    let (run, ..) = verified(&directory, &["--dtype", "all"]);
    assert_eq!(run.out.lines().filter(|line| line.contains(" cpu bf16 ")).count(), 1, "{run:#?}");
}

#[test]
fn an_unknown_loss_is_listed_and_fails_only_with_strict() {
    let directory = cases("\"mse\"", "\"unheard_of\"");
    for (more, expected, expected_last) in
        [(&[][..], 0, "0 passed, 0 failed"), (&["--strict"], 1, "0 passed, 1 failed")]
    {
        let (run, status, last) = verified(&directory, more);
        assert_eq!((status, last.as_str()), (Some(expected), expected_last), "{run:#?}");
        assert!(run.out.contains("unheard_of") && run.out.contains("unknown to the library"), "{run:#?}");
    }
}

#[test]
fn cases_that_cannot_be_read_are_an_error() {
    let runs: [(&[&str], &str); 7] = [
        (&["--cases", "missing"], "missing"),
        (&["--cases", "empty"], "there are no cases"),
        (&["--cases", "lonely"], "mse.safetensors is missing"),
        (&["--cases", "damaged"], "mse.safetensors: is damaged"),
        (&["--cases", "unlisted"], "mse.json: "),
        (&["--loss", "unheard_of"], "there is no loss `unheard_of`"),
        (&["--cases", "bare", "--loss", "dice"], "there are no cases of the loss `dice`"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for folder in ["empty", "lonely", "damaged", "unlisted", "bare"] {
        fs::create_dir(directory.path().join(folder)).unwrap();
    }
    let list = r#"{"loss": "mse", "cases": []}"#;
    let files = [
        ("lonely/mse.json", list),
        ("damaged/mse.json", list),
        ("damaged/mse.safetensors", "x"),
        ("unlisted/mse.json", "{}"),
        ("unlisted/mse.safetensors", "x"),
        ("bare/mse.json", list),
        // a header of two bytes that lists nothing
        ("bare/mse.safetensors", "\u{2}\0\0\0\0\0\0\0{}"),
    ];
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    for (arguments, said) in runs {
        let run = wgloss(directory.path(), &[&["verify", "--device", "cpu"], arguments].concat());
        assert_eq!(run.status, Some(2), "{said}: {run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}

#[test]
fn a_report_has_the_results_whether_or_not_cases_pass() {
    for (from, to, status, passed, loss, gradient) in
        [("one", "one", 0, 1, 0.0, 0.0), ("\"sum\"", "\"mean\"", 1, 0, 0.5, 0.5)]
    {
        let directory = cases(from, to);
        // in its own folder, because a .json file beside the cases would be read as cases
        let folder = directory.path().join("out");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("r.json"), "what was there").unwrap();
        let (run, got, last) = verified(&directory, &["--report", "out/r.json"]);
        assert_eq!((got, last), (Some(status), format!("{passed} passed, {} failed", 1 - passed)), "{run:#?}");
        assert!(run.out.contains("\nreport: out/r.json\n"), "{run:#?}");
        assert_eq!(names(&folder), ["r.json"]);

        let (report, lines) = report(folder.join("r.json"));
        assert_eq!(report["complete"], Json::Bool(true), "{report:#}");
        assert_eq!((&report["passed"], &report["failed"]), (&Json::from(passed), &Json::from(1 - passed)));
        assert_eq!(
            (&report["program"]["version"], &report["adapter"]),
            (&env!("CARGO_PKG_VERSION").into(), &Json::Null)
        );
        assert!(report["system"]["cores"].as_u64().is_some_and(|cores| cores > 0), "{report:#}");
        let entry = &report["results"][0];
        assert_eq!((&entry["loss"], &entry["device"], &entry["dtype"]), (&"mse".into(), &"cpu".into(), &"f32".into()));
        let errors = &entry["relative_errors"];
        assert_eq!((&errors["loss"], &errors["gradient of input"]), (&loss.into(), &gradient.into()), "{report:#}");
        let messages = entry["failures"].as_array().unwrap().iter().map(|failure| failure["message"].as_str().unwrap());
        assert_eq!(messages.filter(|message| message.contains("value alone: loss: element []")).count(), 1 - passed);
        assert_eq!(lines.len(), 1);
    }
}

#[test]
fn a_report_is_ordered_and_names_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let losses = ["--loss", "nll", "--loss", "l1", "--loss", "cross_entropy"];
    let arguments = [&["verify", "--device", "cpu", "--dtype", "all", "--report", "r.json"][..], &losses].concat();
    let run = wgloss(directory.path(), &arguments);
    assert_eq!(run.status, Some(0), "{run:#?}");
    let (report, lines) = report(directory.path().join("r.json"));
    let order: Vec<String> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let [loss, dtype] = ["loss", "dtype"].map(|key| entry[key].as_str().unwrap());
            format!("{loss} {dtype}")
        })
        .collect();
    let each = |loss: &str| ["f32", "f16", "bf16"].map(|dtype| format!("{loss} {dtype}"));
    assert_eq!(order, ["cross_entropy", "l1", "nll"].map(each).concat());
    assert_eq!(lines.len(), 9, "one line for each loss and dtype");
    let text = fs::read_to_string(directory.path().join("r.json")).unwrap();
    // the name of the system may contain a slash: "Debian GNU/Linux forky/sid"
    let text = text.replace(report["system"]["release"].as_str().unwrap_or("no release"), "");
    let user = ["USER", "LOGNAME", "HOME"].map(|name| std::env::var(name).unwrap_or_default());
    for secret in user.iter().map(String::as_str).chain([directory.path().to_str().unwrap(), "/"]) {
        assert!(secret.is_empty() || secret == "root" || !text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_runs() {
    let directory = cases("one", "one");
    fs::create_dir(directory.path().join("folder.json")).unwrap();
    for (place, said) in [
        ("r.txt", "error: r.txt: expected FILE.json"),
        ("none/r.json", "error: none/r.json: its directory"),
        ("folder.json", "error: folder.json: exists, but is not a file"),
        ("./mse.json", "error: ./mse.json: is a file of cases"),
    ] {
        let (run, status, _) = verified(&directory, &["--report", place]);
        assert_eq!((status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}
