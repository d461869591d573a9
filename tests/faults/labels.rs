//! Labels out of range and values that are not numbers: one among very many, and one in a run that others follow.

use crate::{Fault, told};
use wgloss::{CrossEntropy, Dice, Error, Gpu, Job, Mse, Outputs, Tensor};

/// A job of two positions, and its labels.
fn labelled(gpu: &Gpu) -> Result<(Job, Tensor), Error> {
    let x = gpu.upload(&[0.0f32; 6], [2, 3])?;
    let labels = gpu.upload(&[0i32, 1], [2])?;
    Ok((gpu.prepare(&CrossEntropy::default().of(&x, &labels), &Outputs::default())?, labels))
}

fn run(job: &Job, labels: &Tensor, of: [i32; 2]) -> Result<(), Error> {
    labels.write(&of)?;
    job.run().map(drop)
}

/// The position and the value of the bad label in an error.
fn bad(result: Result<(), Error>) -> Option<(u64, i64)> {
    match result {
        Err(Error::LabelOutOfRange { position, value, .. }) => Some((position, value)),
        _ => None,
    }
}

const MANY: usize = 10_000_000;

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a bad label in a run that a good one follows, asked for afterwards",
        provoke: |gpu| {
            let (job, labels) = labelled(gpu)?;
            run(&job, &labels, [1, 99])?;
            run(&job, &labels, [0, 1])?;
            job.outcome().loss().wait()?;
            job.check().wait()
        },
        expected: "label_out_of_range",
    },
    Fault {
        name: "bad labels in several runs: the first is told, once",
        provoke: |gpu| {
            let (job, labels) = labelled(gpu)?;
            run(&job, &labels, [1, 2])?;
            run(&job, &labels, [1, 99])?;
            run(&job, &labels, [0, 1])?;
            run(&job, &labels, [77, 1])?;
            assert_eq!(bad(told(job.outcome().loss().wait())), Some((0, 77)), "a read tells of its own run");
            assert_eq!(bad(job.check().wait()), Some((1, 99)), "the first since the start");
            job.check().wait()?;
            assert_eq!(bad(told(job.outcome().loss().wait())), Some((0, 77)), "what was asked for stays in its run");
            run(&job, &labels, [0, -5])?;
            run(&job, &labels, [0, 1])?;
            assert_eq!(bad(job.check().wait()), Some((1, -5)), "the first since it was last asked");
            job.check().wait()
        },
        expected: "ok",
    },
    Fault {
        name: "a bad label, asked for by a read that is dropped",
        provoke: |gpu| {
            let (job, labels) = labelled(gpu)?;
            run(&job, &labels, [1, 99])?;
            run(&job, &labels, [0, 1])?;
            drop(job.check());
            run(&job, &labels, [-5, 1])?;
            let told = job.check().wait();
            assert_eq!(bad(told.clone()), Some((1, 99)), "the first that nobody was told of");
            told
        },
        expected: "label_out_of_range",
    },
    Fault {
        name: "a bad label in the second loss of a sum, in an earlier run",
        provoke: |gpu| {
            let x = gpu.upload(&[0.0f32; 6], [1, 3, 2])?;
            let (good, labels) = (gpu.upload(&[0i32, 1], [1, 2])?, gpu.upload(&[0i32, 7], [1, 2])?);
            let term = CrossEntropy::default().of(&x, &good) + Dice::default().of(&x, &labels);
            let job = gpu.prepare(&term, &Outputs::default())?;
            job.run()?;
            run(&job, &labels, [0, 1])?;
            let told = job.check().wait();
            assert!(matches!(&told, Err(Error::LabelOutOfRange { loss: "dice", value: 7, .. })), "{told:?}");
            told
        },
        expected: "label_out_of_range",
    },
    Fault {
        name: "a bad label in a run that a dropped pass follows",
        provoke: |gpu| {
            let (job, labels) = labelled(gpu)?;
            run(&job, &labels, [1, 99])?;
            drop(crate::recorded(gpu, &[&job]));
            assert_eq!(told(job.outcome().loss().wait()).unwrap_err().kind(), "not_run");
            let told = job.check().wait();
            assert_eq!(job.check().wait().unwrap_err().kind(), "not_run");
            told
        },
        expected: "label_out_of_range",
    },
    Fault {
        name: "one bad label at one of ten million places",
        provoke: |gpu| {
            let x = gpu.empty([MANY, 2])?;
            let mut labels = vec![0u8; MANY];
            labels[MANY - 12_345] = 2;
            let t = gpu.upload(&labels, [MANY])?;
            let told = told(gpu.value(&CrossEntropy::default().of(&x, &t))?.loss().wait());
            assert_eq!(bad(told.clone()), Some(((MANY - 12_345) as u64, 2)));
            told
        },
        expected: "label_out_of_range",
    },
    Fault {
        name: "NaN at one of ten million places",
        provoke: |gpu| {
            let mut numbers = vec![0.0f32; MANY];
            numbers[MANY - 54_321] = f32::NAN;
            let x = gpu.upload(&numbers, [MANY])?;
            let (outcome, [gradient]) = gpu.gradients(&Mse::default().of(&x, &gpu.empty([MANY])?), [&x])?;
            assert!(outcome.loss().wait()?.is_nan());
            let gradient = gradient.read().wait()?.to_f32();
            assert_eq!(gradient.iter().filter(|d| d.is_nan()).count(), 1);
            Ok(())
        },
        expected: "ok",
    },
];
