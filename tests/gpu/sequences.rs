//! Sequences, the rows of `[B, T]`: one ratio for all elements of a sequence, and means over sequences, equal the twin's at
//! any length.

use crate::case::{Case, Floats, Inputs, ScaleGiven, Wanted};
use crate::gpu;
use crate::harness::tests;
use crate::in_place::{gradient, same_bits};
use crate::judge::Failures;
use crate::split::compared_in_slices;
use libtest_mimic::Trial;
use wgloss::header::Value;
use wgloss::{Array, DType, Error, Reduction, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        sequences_of_every_length_and_none,
        special_numbers_show_in_their_sequence_alone,
        gradients_of_sequences_overwrite_their_operand,
        sequences_in_slices_have_the_bits_of_the_whole,
        longer_sequences_than_a_workgroup_sums_are_refused,
    ]
}

/// A case with one ratio for each sequence, and with all operands.
fn whole(shape: &[usize], reduction: Reduction) -> Case {
    let case = Case::new("ppo_policy", shape, DType::F32).with_all();
    Case { reduction, ..case.option("kind", Value::Name("sequence".into())) }
}

/// The inputs of a case whose mask leaves out the last sequence.
fn with_one_left_out(case: &Case) -> Inputs<Array> {
    let mut inputs = case.inputs();
    let mask = inputs.operand("mask");
    let (mut numbers, shape) = (mask.to_f64(), mask.shape().to_vec());
    if shape[0] > 1 {
        let kept = numbers.len() - shape[1];
        numbers[kept..].fill(0.0);
    }
    *mask = Array::new(&numbers, shape).unwrap();
    inputs
}

/// Sequences of a single element, of what one workgroup walks, and of several chunks, with quads and without. Every
/// reduction, with gradients that are stored and that are added.
fn sequences_of_every_length_and_none() {
    let mut failures = Failures::default();
    for shape in [[1, 1], [3, 257], [5, 64], [2, 4099], [3, 8196], [2, 70_001]] {
        for (turn, &reduction) in Reduction::SEQUENCED.iter().enumerate() {
            for wanted in [Wanted::Stored, Wanted::Added] {
                let floats = if turn % 2 == 0 { Floats::All(DType::F32) } else { Floats::Mixed };
                let case = Case { wanted, floats, upstream: ScaleGiven::Tensor, ..whole(&shape, reduction) };
                failures.note(&case, case.run_on(gpu(), &with_one_left_out(&case)));
            }
        }
    }
    failures.raise();
}

/// A NaN or an infinity in one element changes the loss of its whole sequence, and of no other sequence.
fn special_numbers_show_in_their_sequence_alone() {
    let mut failures = Failures::default();
    for shape in [[3, 5], [3, 8]] {
        for reduction in [Reduction::None, Reduction::SequenceMean] {
            let case = whole(&shape, reduction);
            for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for changed in
                    [&["log_probs"][..], &["old_log_probs"], &["advantages"], &["log_probs", "old_log_probs"]]
                {
                    let mut inputs = case.inputs();
                    for name in changed {
                        let array = inputs.operand(name);
                        let mut numbers = array.to_f32();
                        numbers[shape[1] + 1] = special;
                        *array = Array::new(&numbers, shape).unwrap();
                    }
                    // the mask keeps only the changed element of its sequence, and the element before it
                    let mut kept = vec![1.0f32; shape[0] * shape[1]];
                    kept[shape[1] + 2..2 * shape[1]].fill(0.0);
                    *inputs.operand("mask") = Array::new(&kept, shape).unwrap();
                    failures.note(&case, case.run_on(gpu(), &inputs));
                }
            }
        }
    }
    failures.raise();
}

fn gradients_of_sequences_overwrite_their_operand() {
    let mut failures = Failures::default();
    for floats in [DType::F32, DType::F16, DType::BF16] {
        let case = Case { floats: Floats::All(floats), ..whole(&[3, 257], Reduction::SequenceMean) };
        failures.note(&case, same_bits([false, true].map(|in_place| gradient(gpu(), &case, in_place))));
    }
    failures.raise();
}

fn sequences_in_slices_have_the_bits_of_the_whole() {
    let mut failures = Failures::default();
    for &reduction in Reduction::SEQUENCED {
        let case = whole(&[5, 140_003], reduction);
        failures.note(&case, compared_in_slices(&case));
        let case = Case { reduction, ..Case::new("kl_penalty", &[701, 1003], DType::F32).with_all() };
        failures.note(&case, compared_in_slices(&case));
    }
    failures.raise();
}

fn longer_sequences_than_a_workgroup_sums_are_refused() {
    let most = 256 * 10_240;
    let case = whole(&[1, most + 1], Reduction::Sum);
    let inputs = Case { optional: Vec::new(), ..case.clone() }.inputs();
    let term = Case { optional: Vec::new(), ..case }.term(&inputs);
    assert!(cpu::value(&term).is_ok());
    match gpu().value(&term) {
        Err(Error::TooLarge { what, needed, limit }) => {
            assert!(what.contains("ppo_policy") && what.contains("sequence"), "{what}");
            assert_eq!((needed, limit), (most as u64 + 1, most as u64));
        }
        other => panic!("{other:?}"),
    }
}
