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
    let table: [Row; 24] = [
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
                "With the reduction `none` the result is `[N, d1, ..., dk]`",
                "`LabelOutOfRange`",
                "log1p",
                "Szegedy",
            ],
            &["::", "# "],
        ),
        (&["describe", "diffusion"], 0, &["--operand timesteps=FILE", "Integers."], &["--timesteps"]),
        (&["describe", "quantile"], 0, &["--option quantiles=0.5", "one or more, each a number in (0, 1)"], &["[0.5]"]),
        (&["describe", "dise"], 2, &["there is no loss `dise`; did you mean dice?"], &[]),
        (
            &["eval", "dice", "--help"],
            0,
            &["wgloss eval dice --input FILE", "--option smooth_nr=", "--device"],
            &["gamma"],
        ),
        (&["eval", "--device", "cpu", "dice", "-h"], 0, &["wgloss eval dice --input FILE"], &[]),
        (&["eval", "--help"], 0, &["--device"], &["jaccard"]),
        (&["list"], 0, &["tokens with padding", "cross_entropy  ", "wgloss describe LOSS"], &[]),
        (
            &["list", "Segmentation", "small"],
            0,
            &["wgloss eval 'tversky(alpha=0.3, beta=0.7)' --input"],
            &["classification:"],
        ),
        (
            &["list", "imbalanced binary segmentation"],
            0,
            &["binary segmentation, few positives", "wgloss eval dice_bce --input FILE --target FILE"],
            &["classification:", "Nothing contains"],
        ),
        (
            &["list", "huber", "xyzzy"],
            0,
            &["Nothing contains all of these words; this contains 1 of 2:", "huber  "],
            &["dice"],
        ),
        (&["list", "perplexity"], 0, &["wgloss eval LOSS --observe perplexity"], &[]),
        (&["list", "f1"], 0, &["wgloss metric confusion_matrix"], &[]),
        (&["list", "top-5"], 0, &["--observe top_5"], &[]),
        (&["list", "huber"], 0, &["huber  ", "regression with outliers"], &["dice"]),
        (&["list", "szegedy"], 0, &["cross_entropy  "], &["mse"]),
        (&["list", "unheard_of"], 2, &["no task, loss, observation or metric contains `unheard_of`"], &[]),
        (&["compare", "mse", "--input", "x.npy"], 2, &["wgloss compare LOSS FILE FILE --target FILE"], &["-- --input"]),
        (&["kernel", "ce", "--shape", "2,2"], 2, &["did you mean cross_entropy"], &[]),
        (
            &["kernel", "pix2pix", "--shape", "2,2"],
            2,
            &["`pix2pix` is a sum of losses, expected one"],
            &["did you mean"],
        ),
        (&["verify", "--loss", "pix2pix"], 2, &["`pix2pix` is a sum of losses, expected one"], &["did you mean"]),
        (&["completions", "tcsh"], 2, &["bash"], &[]),
    ];
    for (arguments, status, said, unsaid) in table {
        let run = told(arguments);
        assert_eq!(run.status, Some(status), "{arguments:?}: {run:#?}");
        let text = run.out + &run.err;
        // help is wrapped, so a part may lie on two lines; `filled` has spaces for line breaks
        let filled = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in said {
            assert!(text.contains(part) || filled.contains(part), "{arguments:?}: {part} is not in\n{text}");
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
    assert_eq!(wgloss(directory.path(), &["man", "--out", "new/man1"]).status, Some(0));
    assert!(directory.path().join("new/man1/wgloss-eval.1").exists());
    let blocked = wgloss(directory.path(), &["man", "--out", "wgloss.1"]);
    assert!(blocked.status == Some(2) && blocked.err.contains("wgloss.1: "), "{blocked:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_library_complains_about_the_environment() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
    let run = run(program.arg("devices").env_remove("XDG_RUNTIME_DIR"));
    assert!(!run.err.contains("XDG_RUNTIME_DIR"), "{run:#?}");
}
