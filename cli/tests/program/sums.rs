//! `wgloss eval` of sums of losses, scaled gradients, parts of a batch and unreduced losses: output and refusals.

use crate::common::{elements, files, npy, npy_of, wgloss};
use serde_json::Value as Json;
use std::fs;
use wgloss::{Anchors, Array, Detection, Pix2Pix, Rlhf, Rollout, cpu};

#[test]
fn sums_come_to_what_their_losses_come_to() {
    let directory = files();
    fs::write(directory.path().join("four.npy"), npy(&[1], &[4.0])).unwrap();
    // mse is (0.25 + 4)/2, l1 is (0.5 + 2)/2
    let table: [(&[&str], &str); 12] = [
        (&["mse"], "2.125"),
        (&["mse + 0.5*l1"], "2.75"),
        (&["2*(mse - l1)"], "1.75"),
        (&["mse(reduction=sum) - l1"], "3.0"),
        (&["mse + l1", "--option", "reduction=sum"], "6.75"),
        (&["mse + huber(delta=1)"], "2.9375"),
        (&["mse + huber", "--option", "delta=0.5"], "2.625"),
        (&["mse", "--divide-by", "4"], "1.0625"),
        (&["mse + l1", "--divide-by", "four.npy"], "1.6875"),
        (&["mse(input=a) + l1", "--operand", "a=t.npy"], "1.25"),
        (&["l1 + mse(weight=w)", "--operand", "w=x.npy"], "4.3125"),
        (&["l1 + mse", "--weight", "x.npy"], "4.6875"),
    ];
    for (arguments, expected) in table {
        let base = ["--device", "cpu", "--input", "x.npy", "--target", "t.npy"];
        let run = wgloss(directory.path(), &[&["eval"], arguments, &base].concat());
        assert_eq!((run.status, run.out.trim_end()), (Some(0), expected), "{arguments:?}: {run:#?}");
    }
}

/// On arbitrary operands, a ready-made sum has the same loss as the library's.
#[test]
fn ready_made_sums_are_the_librarys() {
    let directory = files();
    let array = |name: &str, shape: &[usize], of: fn(f32) -> f32| {
        let seed = name.bytes().map(u32::from).sum::<u32>();
        let count = shape.iter().product::<usize>() as u32;
        let numbers: Vec<f32> = (0..count).map(|k| of(((seed + 7 * k * k) % 19) as f32 / 10.0 - 0.9)).collect();
        fs::write(directory.path().join(format!("{name}.npy")), npy(shape, &numbers)).unwrap();
        Array::new(&numbers, shape).unwrap()
    };
    let real: fn(f32) -> f32 = |x| x;
    let binary: fn(f32) -> f32 = |x| f32::from(x > 0.0);
    let [classes, boxes, box_targets] = ["classes", "boxes", "box_targets"].map(|name| array(name, &[3, 4], real));
    let [class_targets, positives] = ["class_targets", "positives"].map(|name| array(name, &[3, 4], binary));
    let anchors = Anchors {
        classes: &classes,
        class_targets: &class_targets,
        boxes: &boxes,
        box_targets: &box_targets,
        positives: &positives,
    };
    let names = ["log_probs", "old_log_probs", "ref_log_probs", "advantages", "values", "old_values", "returns"];
    let [log_probs, old_log_probs, ref_log_probs, advantages, values, old_values, returns] =
        names.map(|name| array(name, &[5], real));
    let mask = array("mask", &[5], binary);
    let rollout = Rollout {
        log_probs: &log_probs,
        old_log_probs: &old_log_probs,
        ref_log_probs: &ref_log_probs,
        advantages: &advantages,
        values: &values,
        old_values: &old_values,
        returns: &returns,
        mask: Some(&mask),
    };
    let [scores, output, target] = ["scores", "output", "target"].map(|name| array(name, &[2, 3], real));
    let table = [
        (
            Detection::default().of(anchors, 3.0),
            "detection --divide-by 3",
            "classes class_targets boxes box_targets positives",
        ),
        (
            Rlhf::default().of(rollout),
            "rlhf",
            "log_probs old_log_probs ref_log_probs advantages values old_values returns mask",
        ),
        (Pix2Pix::default().of(&scores, &output, &target, &[]), "pix2pix", "scores output target"),
    ];
    for (term, call, operands) in table {
        let operands = operands.split(' ').map(|name| format!("--operand={name}={name}.npy"));
        let arguments: Vec<String> = call.split(' ').map(String::from).chain(operands).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = wgloss(directory.path(), &[&["eval", "--device", "cpu"], &arguments[..]].concat());
        assert_eq!(run.status, Some(0), "{run:#?}");
        let (told, expected) = (run.out.trim().parse::<f64>().unwrap(), cpu::value(&term).unwrap().loss().unwrap());
        assert!((told - expected).abs() <= 1e-12 * expected.abs(), "{call}: {told} and not {expected}");
    }
    let run = wgloss(directory.path(), &["describe", "rlhf"]);
    assert!(run.out.contains("ppo_policy + 0.5*ppo_value"), "{run:#?}");
    let run = wgloss(directory.path(), &["eval", "1 * detection(beta=1)"]);
    assert!(run.status == Some(2) && run.err.contains("takes no options"), "{run:#?}");
}

#[test]
fn what_no_sum_takes_is_refused() {
    let directory = files();
    let table: [(&[&str], i32, &str); 9] = [
        (&["mse + dise"], 2, "there is no loss `dise`; did you mean dice?"),
        (&["mse + dise"], 2, "\n  mse + dise\n        ^^^^\n"),
        (&["huber(delta=-1)"], 2, "`delta` is -1, expected a number > 0"),
        (&["mse + huber(delta=1)", "--option", "delta=2"], 2, "--option delta is given twice"),
        (&["mse + l1", "--option", "gamma=2"], 2, "no loss of the sum has an option `gamma`, but "),
        (&["mse + l1", "--operand", "colour=x.npy"], 2, "no loss of the sum has an operand `colour`, but "),
        (&["mse(input=image)", "--operand", "picture=x.npy"], 2, "mse has no operand `input`, but image, target"),
        (&["mse + l1", "--option", "reduction=none"], 1, "reduction"),
        (&["mse", "--divide-by", "none.npy"], 2, "none.npy: "),
    ];
    for (arguments, status, said) in table {
        let base = ["--device", "cpu", "--input", "x.npy", "--target", "t.npy"];
        let run = wgloss(directory.path(), &[&["eval"], arguments, &base].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(status), ""), "{arguments:?}: {run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}

#[test]
fn gradients_are_scaled_and_of_all_losses() {
    let directory = files();
    fs::write(directory.path().join("tenth.npy"), npy_of("<f8", &[1], &0.1f64.to_le_bytes())).unwrap();
    let table: [(&[&str], [f64; 2]); 5] = [
        (&["mse", "--upstream", "2"], [1.0, 4.0]),
        // the twin does not round it to f32
        (&["mse", "--upstream", "tenth.npy"], [0.05, 0.2]),
        (&["mse", "--upstream", "-1"], [-0.5, -2.0]),
        (&["mse + 2*l1"], [1.5, 3.0]),
        (&["mse", "--option", "reduction=none", "--upstream", "x.npy", "--output", "l.npy"], [1.0, 12.0]),
    ];
    for (arguments, expected) in table {
        let base = ["--device", "cpu", "--input", "x.npy", "--target", "t.npy", "--gradient-of", "input=g.npy"];
        let run = wgloss(directory.path(), &[&["eval"], arguments, &base].concat());
        assert_eq!(run.status, Some(0), "{arguments:?}: {run:#?}");
        assert_eq!(elements(directory.path().join("g.npy"), 2, f64::from_le_bytes), expected, "{arguments:?}");
    }
}

#[test]
fn a_part_of_a_batch_is_compared_with_all_of_it() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("q.npy"), npy(&[2, 2], &[1.0, 0.0, 0.6, 0.8])).unwrap();
    fs::write(at("last.npy"), npy(&[1, 2], &[0.6, 0.8])).unwrap();
    let loss = |query: &str, more: &[&str]| {
        let (query, base) = (format!("query={query}"), ["--device", "cpu", "--operand", "key=q.npy"]);
        let run = wgloss(directory.path(), &[&["eval", "info_nce", "--operand", &query], &base[..], more].concat());
        assert_eq!(run.status, Some(0), "{run:#?}");
        run.out.lines().map(|line| line.parse().unwrap()).collect::<Vec<f64>>()
    };
    let rows = loss("q.npy", &["--option", "reduction=none"]);
    let last = loss("last.npy", &["--option", "reduction=none", "--rows-from", "1"]);
    assert!((rows[1] - last[0]).abs() < 1e-12, "{rows:?} {last:?}");
    assert!((loss("last.npy", &["--rows-from", "1", "--divide-by", "2"])[0] - last[0] / 2.0).abs() < 1e-12);
}

#[test]
fn many_values_are_printed_as_their_statistics() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    let numbers: Vec<f32> = (0..50).map(|k| if k == 7 { f32::NAN } else { k as f32 }).collect();
    fs::write(at("many.npy"), npy(&[50], &numbers)).unwrap();
    fs::write(at("zeros.npy"), npy(&[50], &[0.0; 50])).unwrap();
    let base = ["eval", "l1", "--device", "cpu", "--input", "many.npy", "--target", "zeros.npy"];
    let none = [&base[..], &["--option", "reduction=none"]].concat();
    // the same in one piece and in several
    for more in [&[][..], &["--hold", "1e-7"]] {
        let run = wgloss(directory.path(), &[&none[..], more].concat());
        let mean = (49.0 * 50.0 / 2.0 - 7.0) / 49.0;
        let said = format!("shape [50]\nmean {mean:?}\nleast 0.0\ngreatest 49.0\nNaN 1 of 50\n");
        assert_eq!((run.status, run.out), (Some(0), said), "{more:?}");
        let run = wgloss(directory.path(), &[&none[..], more, &["--output", "l.npy"]].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(0), ""), "{run:#?}");
        assert_eq!(elements(at("l.npy"), 3, f64::from_le_bytes), [47.0, 48.0, 49.0]);
    }
}

#[test]
fn json_has_the_loss_its_parts_the_device_and_the_time() {
    let directory = files();
    let base = ["--device", "cpu", "--input", "x.npy", "--target", "t.npy", "--json"];
    let json = |arguments: &[&str]| -> Json {
        let run = wgloss(directory.path(), &[&["eval"], arguments, &base].concat());
        assert_eq!(run.status, Some(0), "{run:#?}");
        serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {run:#?}"))
    };
    let report = json(&["mse + 0.5*l1 - mse(reduction=sum)"]);
    assert_eq!((&report["loss"], &report["device"]["kind"]), (&(-1.5).into(), &"cpu".into()), "{report:#}");
    let part = |k: usize| ["name", "sum", "denominator", "weight"].map(|key| report["parts"][k][key].clone());
    assert_eq!(part(0), ["mse".into(), 4.25.into(), 2.0.into(), Json::from(1.0)]);
    assert_eq!(part(1), ["l1".into(), 2.5.into(), 2.0.into(), Json::from(0.5)]);
    assert_eq!(part(2), ["mse#2".into(), 4.25.into(), 1.0.into(), Json::from(-1.0)]);
    assert!(report["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0) && report["held_bytes"] == 16);
    // a string, since JSON has no NaN
    assert_eq!(json(&["mse", "--divide-by", "0"])["loss"], "NaN");
    assert_eq!(json(&["mse", "--option", "reduction=none"])["values"]["greatest"], 4.0);
}
