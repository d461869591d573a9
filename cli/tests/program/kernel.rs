//! `wgloss kernel`, which shows what would run on a GPU, and needs none.

use crate::common::{Run, wgloss};
use std::path::Path;
use wgloss::custom::Leaf;

fn kernel(arguments: &[&str]) -> Run {
    wgloss(Path::new("."), &[&["kernel"], arguments].concat())
}

/// The output of a run that succeeded.
fn shown(arguments: &[&str]) -> String {
    let run = kernel(arguments);
    assert_eq!(run.status, Some(0), "{arguments:?}: {}", run.err);
    run.out
}

#[test]
fn stages_files_bindings_and_overrides_are_shown_in_the_order_in_which_they_run() {
    let brief = shown(&["cross_entropy", "--shape", "64,1000", "--gradient-of", "input", "--brief"]);
    let stages: Vec<&str> = brief.lines().filter(|line| line.contains(" workgroups")).collect();
    let names = ["1. positions_count", "2. totals_scale", "3. positions_fused", "4. totals_outcome"];
    assert_eq!(stages.len(), names.len(), "{brief}");
    for (stage, name) in stages.iter().zip(names) {
        assert!(stage.contains(name), "{stage}");
    }
    for part in ["losses/softmax/cross_entropy", "writes the gradient of `input`", "reads `target`", "LANES=128"] {
        assert!(brief.contains(part), "{brief} lacks {part}");
    }
    assert!(!brief.contains("@compute"), "{brief}");
}

#[test]
fn a_kind_of_adapter_and_a_dtype_choose_files() {
    let of = |kind, dtype| {
        let arguments = ["mse", "--shape", "1024", "--kind", kind, "--dtype", dtype, "--gradient-of", "input"];
        shown(&[&arguments[..], &["--brief"]].concat())
    };
    assert!(of("cpu", "f32").contains("dtype/quad/pairs"));
    assert!(of("gpu", "f32").contains("dtype/quad/words"));
    assert!(!of("plain", "f32").contains("operand/x/quads"));
    assert!(of("gpu", "f16").contains("operand/dx/half"));
}

#[test]
fn the_text_is_shown_in_the_language_that_is_asked_for() {
    let of = |language: &[&str]| shown(&[&["dice", "--shape", "2,3,16,16"], language].concat());
    assert!(of(&[]).contains("@compute @workgroup_size(256)"));
    assert!(of(&["--spirv"]).contains("0x07230203"), "the magic number of SPIR-V");
    assert!(of(&["--hlsl"]).contains("[numthreads(256, 1, 1)]"));
    assert!(of(&["--msl"]).contains("kernel void"));
}

#[test]
fn every_loss_is_shown_for_every_kind() {
    for loss in wgloss::all() {
        // a shape that most families take; boxes have four coordinates, and pictures are at least as wide as a window
        let shape = match loss.leaf() {
            Leaf::Boxes(_) => "6,4",
            // five levels of windows of eleven pixels
            Leaf::Windows(leaf) if !leaf.levels().is_empty() => "2,1,161,161",
            Leaf::Windows(_) | Leaf::Neighbours(_) => "2,3,16,16",
            Leaf::Alignments(_) => "20,3,6",
            _ => "4,6",
        };
        for kind in ["gpu", "cpu", "small", "plain"] {
            let id = loss.header().id;
            let options: &[&str] =
                if id == "quantile" { &["--option", "quantiles=0.1,0.2,0.5,0.6,0.7,0.9"] } else { &[] };
            let shown =
                shown(&[&[id, "--shape", shape, "--kind", kind, "--free-axis", "5", "--brief"], options].concat());
            assert!(shown.contains("totals_outcome"), "{id}, {kind}: {shown}");
        }
    }
}

#[test]
fn what_cannot_be_shown_is_refused() {
    for (arguments, part) in [
        (&["mse", "--shape", "4", "--gradient-of", "logits"][..], "mse has no operand `logits`, but input, target"),
        (&["cross_entropy", "--shape", "4"], "input"),
        (&["mse", "--shape", "4", "--option", "delta=1"], "delta"),
        (&["huber", "--shape", "4", "--option", "delta=-1"], "delta"),
        (&["mse", "--shape", "99999999999,99999999999"], "too many elements"),
    ] {
        let run = kernel(arguments);
        assert!(run.status != Some(0) && run.err.contains(part), "{arguments:?}: {run:?}");
        assert!(!run.err.contains("panicked"), "{run:?}");
    }
}
