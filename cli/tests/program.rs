//! Runs the built program without a GPU, and checks its output, its exit status and the files it leaves.

mod common;

use common::{ONE, Run, cases, elements, files, npy, report, run, wgloss};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Runs the program where it finds no adapter, because it may only use a backend that no native machine has.
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
    let runs: [(&[&str], &str); 6] = [
        (&["--cases", "missing"], "missing"),
        (&["--cases", "empty"], "there are no cases"),
        (&["--cases", "lonely"], "mse.safetensors is missing"),
        (&["--cases", "damaged"], "mse.safetensors: is damaged"),
        (&["--cases", "unlisted"], "mse.json: "),
        (&["--loss", "unheard_of"], "no cases of a loss `unheard_of`"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for folder in ["empty", "lonely", "damaged", "unlisted"] {
        fs::create_dir(directory.path().join(folder)).unwrap();
    }
    let list = r#"{"loss": "mse", "cases": []}"#;
    let files = [
        ("lonely/mse.json", list),
        ("damaged/mse.json", list),
        ("damaged/mse.safetensors", "x"),
        ("unlisted/mse.json", "{}"),
        ("unlisted/mse.safetensors", "x"),
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

#[test]
fn a_loss_is_printed_and_its_gradient_written() {
    let directory = files();
    let base = ["eval", "mse", "--device", "cpu", "--input", "x.npy"];
    let run = wgloss(directory.path(), &[&base[..], &["--target", "t.npy", "--gradient-of", "input=g.npy"]].concat());
    assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (Some(0), "2.125\n", ""));
    assert_eq!(elements(directory.path().join("g.npy"), 2, f64::from_le_bytes), [0.5, 2.0]);

    let none = ["--operand", "target=t.safetensors:deep/t", "--option", "reduction=none"];
    let run = wgloss(directory.path(), &[&base[..], &none].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), "0.25\n4.0\n"), "{run:#?}");
    let run = wgloss(directory.path(), &[&base[..], &none, &["--output", "l.npy"]].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), ""), "{run:#?}");
    assert_eq!(elements(directory.path().join("l.npy"), 2, f64::from_le_bytes), [0.25, 4.0]);
    assert_eq!(names(directory.path()), ["g.npy", "l.npy", "t.npy", "t.safetensors", "x.npy"]);
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
    let runs: [(&str, &[&str], i32, &str); 18] = [
        ("unheard_of", &[], 2, "unheard_of"),
        ("mse", &["--option", "colour=red"], 1, "error: mse: option `colour` is red"),
        ("mse", &["--option", "reduction=batch"], 1, "error: mse: option `reduction` is batch"),
        ("mse", &["--option", "reduction"], 2, "NAME=VALUE"),
        ("mse", &["--operand", "colour=t.npy"], 1, "operand `colour`"),
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

#[test]
fn without_an_adapter_nothing_falls_back() {
    let directory = files();
    let eval = ["eval", "mse", "--input", "x.npy", "--target", "t.npy", "--gradient-of", "input=g.npy"];
    let before = names(directory.path());
    let verify = ["verify", "--loss", "mse"];
    for arguments in [&["devices"][..], &eval, &verify, &["verify", "--device", "gpu"], &["landscape"]] {
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

/// A small file that claims a large tensor is refused at once.
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

#[test]
fn an_unknown_backend_is_named_with_the_known_ones() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
    let run = run(program.args(["devices"]).env("WGPU_BACKEND", "nosuch"));
    assert_eq!(run.status, Some(1), "{run:#?}");
    assert!(run.err.contains("WGPU_BACKEND names `nosuch`, which is no backend; there are vulkan"), "{run:#?}");
    assert!(!run.err.to_lowercase().contains("install"), "{run:#?}");
}

/// Tests of modes, links, signals and descriptors, which only Unix has.
#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    const BASE: [&str; 8] = ["eval", "mse", "--device", "cpu", "--input", "x.npy", "--target", "t.npy"];

    #[test]
    fn an_output_keeps_its_mode_and_its_links() {
        let directory = files();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("old.npy"), "what was there").unwrap();
        fs::set_permissions(at("old.npy"), fs::Permissions::from_mode(0o600)).unwrap();
        symlink("old.npy", at("link.npy")).unwrap();
        symlink("gone.npy", at("dangling.npy")).unwrap();
        fs::write(at("one.npy"), "what was there").unwrap();
        fs::hard_link(at("one.npy"), at("other.npy")).unwrap();
        fs::write(at("fixed.npy"), "what was there").unwrap();
        fs::set_permissions(at("fixed.npy"), fs::Permissions::from_mode(0o444)).unwrap();
        let write = |place: &str| wgloss(directory.path(), &[&BASE[..], &["--output", place]].concat());
        let holds = |name: &str| elements(at(name), 1, f64::from_le_bytes) == [2.125];

        for place in ["old.npy", "link.npy"] {
            fs::write(at("old.npy"), "what was there").unwrap();
            assert_eq!(write(place).status, Some(0), "{place}");
            assert!(holds("old.npy"), "{place}");
            assert_eq!(fs::metadata(at("old.npy")).unwrap().mode() & 0o777, 0o600, "{place}");
            assert!(fs::symlink_metadata(at("link.npy")).unwrap().is_symlink());
        }
        assert_eq!(write("one.npy").status, Some(0));
        assert!(holds("one.npy") && holds("other.npy"), "two names of one file");

        let run = write("dangling.npy");
        assert_eq!(run.status, Some(2), "{run:#?}");
        assert!(run.err.contains("dangling.npy: is a link to gone.npy, which does not exist"), "{run:#?}");
        assert!(fs::symlink_metadata(at("dangling.npy")).unwrap().is_symlink());
        let run = write("fixed.npy");
        assert_eq!(run.status, Some(2), "{run:#?}");
        assert!(run.err.contains("fixed.npy: exists, but may not be written"), "{run:#?}");
        let left = names(directory.path());
        assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
    }

    // only Linux tells the program which signals it was started to ignore
    #[cfg(target_os = "linux")]
    #[test]
    fn a_signal_ignored_at_the_start_stays_ignored() {
        let directory = files();
        // signals arrive while the program writes the report, so its handlers are installed
        let line = "trap '' HUP INT; \"$WGLOSS\" verify --device cpu --report r.json >/dev/null & \
                    while kill -HUP $! && kill -INT $!; do sleep 0.01; done 2>/dev/null; wait $!; echo $?";
        let mut program = Command::new("bash");
        let program = program.current_dir(directory.path()).args(["-c", line]);
        let run = run(program.env("WGLOSS", env!("CARGO_BIN_EXE_wgloss")));
        assert_eq!(run.out, "0\n", "{run:#?}");
    }

    #[test]
    fn a_result_that_cannot_be_printed_is_a_failure() {
        let directory = files();
        let shell = |line: &str| {
            let mut program = Command::new("bash");
            let program = program.current_dir(directory.path()).args(["-c", line]);
            run(program.env("WGLOSS", env!("CARGO_BIN_EXE_wgloss")))
        };
        let eval = "\"$WGLOSS\" eval mse --device cpu --input x.npy --target t.npy";
        let closed = shell(&format!("{eval} >&-"));
        assert_eq!(closed.status, Some(1), "{closed:#?}");
        assert!(closed.err.contains("error: standard output: is closed"), "{closed:#?}");
        let listed = shell("\"$WGLOSS\" list >&-");
        assert_eq!(listed.status, Some(1), "{listed:#?}");
        // output to a file or to /dev/null is a success
        for more in ["--output l.npy >&-", ">/dev/null", "1<>/dev/null"] {
            let run = shell(&format!("{eval} {more}"));
            assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{more}: {run:#?}");
        }
        // the reader leaves before there is output
        let left = shell(&format!("{{ sleep 0.2; {eval}; echo $? >status; }} | true; cat status"));
        assert_eq!((left.out.as_str(), left.err.as_str()), ("141\n", ""), "{left:#?}");
    }

    #[test]
    fn a_signal_leaves_no_temporary_files() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let elements = 1 << 22;
        for name in ["x.npy", "t.npy"] {
            fs::write(at(name), npy(&[elements], &vec![0.5; elements])).unwrap();
        }
        for (signal, number) in [("TERM", 15), ("INT", 2)] {
            let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
            let mut child = program
                .current_dir(directory.path())
                .args(BASE)
                .args(["--gradient-of", "input=a.npy", "--gradient-of", "target=b.npy"])
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            // wait for the first temporary file
            let began = Instant::now();
            let temporaries =
                || names(directory.path()).into_iter().filter(|name| name.starts_with(".wgloss-")).count();
            while temporaries() == 0 && child.try_wait().unwrap().is_none() {
                assert!(began.elapsed() < Duration::from_secs(60), "nothing was written");
                std::thread::sleep(Duration::from_micros(200));
            }
            let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
            assert!(sent.success(), "it ended before the signal came");
            let status = child.wait().unwrap();
            assert_eq!(temporaries(), 0, "{signal}");
            use std::os::unix::process::ExitStatusExt;
            // if the signal came too late, all files are written
            let whole = at("a.npy").exists() && at("b.npy").exists();
            assert!(status.signal() == Some(number) || whole, "{status}");
            for name in ["a.npy", "b.npy"] {
                let _ = fs::remove_file(at(name));
            }
        }
    }
}
