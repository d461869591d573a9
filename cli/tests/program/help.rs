//! What the program says about itself and about losses: descriptions, lists, help, completions and manual pages.

use super::names;
use crate::common::{Run, run, wgloss};
use std::path::Path;
use std::process::Command;

fn told(arguments: &[&str]) -> Run {
    wgloss(Path::new("."), arguments)
}

/// The arguments, the exit status, what the output contains, and what it does not.
type Row = (&'static [&'static str], i32, &'static [&'static str], &'static [&'static str]);

#[test]
fn what_is_asked_for_is_said() {
    let table: [Row; 15] = [
        (&["--version"], 0, &["wgloss 0."], &["wgloss-cli"]),
        (&["--help"], 0, &["describe", "completions", "Exit status:\n  0 ", "141"], &[]),
        (
            &["describe", "cross_entropy"],
            0,
            &[
                "`−log softmax(x)[t]`",
                "--input FILE",
                "A float for each class, `[C]`.",
                "--option label_smoothing=0\n",
                "a number in [0, 1]",
                "`none` is `[N, d1, ..., dk]`",
                "`LabelOutOfRange`",
                "log1p",
                "Szegedy",
            ],
            &["::", "# "],
        ),
        (&["describe", "diffusion"], 0, &["--operand timesteps=FILE", "Integers."], &["--timesteps"]),
        (&["describe", "quantile"], 0, &["--option quantiles=0.5", "one or more, each a number in (0, 1)"], &["[0.5]"]),
        (&["describe", "dise"], 2, &["a similar value exists: 'dice'"], &[]),
        (
            &["eval", "dice", "--help"],
            0,
            &["wgloss eval dice --input FILE", "--option smooth_nr=", "--device"],
            &["gamma"],
        ),
        (&["eval", "--device", "cpu", "dice", "-h"], 0, &["wgloss eval dice --input FILE"], &[]),
        (&["eval", "--help"], 0, &["--device"], &["jaccard"]),
        (&["list"], 0, &["tokens with padding", "cross_entropy  ", "wgloss describe LOSS"], &[]),
        (&["list", "Segmentation", "small"], 0, &["Tversky"], &["classification:"]),
        (&["list", "huber"], 0, &["huber  ", "regression with outliers"], &["dice"]),
        (&["list", "szegedy"], 0, &["cross_entropy  "], &["mse"]),
        (&["list", "unheard_of"], 2, &["no task and no loss contains \"unheard_of\""], &[]),
        (&["completions", "tcsh"], 2, &["bash"], &[]),
    ];
    for (arguments, status, said, unsaid) in table {
        let run = told(arguments);
        assert_eq!(run.status, Some(status), "{arguments:?}: {run:#?}");
        let text = run.out + &run.err;
        for part in said {
            assert!(text.contains(part), "{arguments:?}: {part} is not in\n{text}");
        }
        for part in unsaid {
            assert!(!text.contains(part), "{arguments:?}: {part} is in\n{text}");
        }
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let directory = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = told(&["completions", shell]).out;
        assert!(script.contains("wgloss") && script.contains("landscape"), "{shell}: {script}");
    }
    let page = told(&["man"]).out;
    assert!(page.contains(".TH wgloss") && page.contains("Exit status"), "{page}");
    let written = wgloss(directory.path(), &["man", "--out", "."]);
    assert_eq!(written.status, Some(0), "{written:#?}");
    let pages = names(directory.path());
    for command in ["describe", "devices", "eval", "kernel", "landscape", "list", "metric", "verify"] {
        assert!(pages.contains(&format!("wgloss-{command}.1")), "{pages:?}");
    }
    assert_eq!(wgloss(directory.path(), &["man", "--out", "none"]).status, Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn no_library_complains_about_the_environment() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
    let run = run(program.arg("devices").env_remove("XDG_RUNTIME_DIR"));
    assert!(!run.err.contains("XDG_RUNTIME_DIR"), "{run:#?}");
}
