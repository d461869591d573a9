//! Jobs that never ran, or whose last run did not finish.

use crate::{ALL, Fault, buffer, eight, job, recorded, submit, sum, told, wrapped};
use wgloss::{Array, Dice, DiceCrossEntropy, Error, Gpu, Gradient, InfoNce, Job, LinearCrossEntropy, Outputs, Term};

/// Terms with several parts, with two losses in one walk, and with walks that go block by block.
fn terms(gpu: &Gpu) -> Result<Vec<Term<wgloss::Tensor>>, Error> {
    let numbers = |n: usize| (0..n).map(|k| (k % 7) as f32 / 8.0).collect::<Vec<_>>();
    let labels = |n: usize| (0..n).map(|k| (k % 3) as i32).collect::<Vec<_>>();
    let (pixels, pixel_labels) = (gpu.upload(&numbers(60), [2, 3, 10])?, gpu.upload(&labels(20), [2, 10])?);
    let (rows, keys) = (gpu.upload(&numbers(800), [100, 8])?, gpu.upload(&numbers(800), [100, 8])?);
    let (weight, row_labels) = (gpu.upload(&numbers(1600), [200, 8])?, gpu.upload(&labels(100), [100])?);
    Ok(vec![
        eight(gpu)?.0 + eight(gpu)?.0 + eight(gpu)?.0,
        DiceCrossEntropy::default().of(&pixels, &pixel_labels),
        eight(gpu)?.0 + DiceCrossEntropy::default().of(&pixels, &pixel_labels),
        InfoNce::default().of(&rows, &keys),
        LinearCrossEntropy::default().of(&rows, &weight, &row_labels),
    ])
}

/// Returns the refusal of a job's loss. Asserts that every other read gives the same refusal, and gives it again.
fn refused(job: &Job) -> Result<(), Error> {
    let Err(error) = job.outcome().loss().wait() else { return Ok(()) };
    for _ in 0..2 {
        assert_eq!(job.check().wait(), Err(error.clone()));
        assert_eq!(job.outcome().loss().wait(), Err(error.clone()));
        assert_eq!(job.outcome().parts().wait().map(drop), Err(error.clone()));
        assert_eq!(job.outcome().tensor().read().wait().map(drop), Err(error.clone()));
        for gradient in job.outcome().gradients() {
            assert_eq!(gradient.read().wait().map(drop), Err(error.clone()));
        }
    }
    Err(error)
}

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a job that was never recorded",
        provoke: |gpu| {
            let (term, x) = eight(gpu)?;
            let outputs = Outputs { gradients: vec![Gradient::store(&x, &gpu.empty_like(&x)?)], ..Outputs::default() };
            let job = gpu.prepare(&term, &outputs)?;
            refused(&job)
        },
        expected: "not_run",
    },
    Fault {
        name: "a job that was recorded and never submitted",
        provoke: |gpu| {
            let job = job(gpu)?;
            drop(recorded(gpu, &[&job]));
            refused(&job)
        },
        expected: "not_run",
    },
    Fault {
        name: "a recorded pass that is dropped after a good run",
        provoke: |gpu| {
            let job = job(gpu)?;
            assert_eq!(job.run()?.loss().wait()?, 8.0);
            drop(recorded(gpu, &[&job]));
            refused(&job)
        },
        expected: "not_run",
    },
    Fault {
        name: "one of two recorded passes that is dropped, without a read between them",
        provoke: |gpu| {
            let job = job(gpu)?;
            drop(recorded(gpu, &[&job]));
            submit(gpu, recorded(gpu, &[&job]));
            told(job.outcome().loss().wait())
        },
        expected: "not_run",
    },
    Fault {
        name: "a good run after a dropped pass that a read has told of",
        provoke: |gpu| {
            let job = job(gpu)?;
            for _ in 0..3 {
                drop(recorded(gpu, &[&job]));
                assert_eq!(job.check().wait().unwrap_err().kind(), "not_run");
                assert_eq!(job.run()?.loss().wait()?, 8.0);
                job.check().wait()?;
            }
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "a pass that is submitted after a read has told of it",
        provoke: |gpu| {
            let job = job(gpu)?;
            let late = recorded(gpu, &[&job]);
            assert_eq!(job.check().wait().unwrap_err().kind(), "not_run");
            submit(gpu, late);
            job.check().wait()?;
            assert_eq!(job.run()?.loss().wait()?, 8.0);
            drop(recorded(gpu, &[&job]));
            assert_eq!(job.check().wait().unwrap_err().kind(), "not_run");
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "many runs of one pass, and more than the count holds",
        provoke: |gpu| {
            // the count begins just before it wraps
            for term in terms(gpu)? {
                let job = gpu.prepare(&term, &Outputs::default())?;
                let first = job.run()?.loss().wait()?;
                submit(gpu, recorded(gpu, &[&job, &job, &job]));
                assert_eq!(job.outcome().loss().wait()?, first);
                job.check().wait()?;
            }
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "a dropped pass of a sum, of two losses in one walk, of a walk in blocks",
        provoke: |gpu| {
            let mut errors = Vec::new();
            for term in terms(gpu)? {
                let job = gpu.prepare(&term, &Outputs::default())?;
                submit(gpu, recorded(gpu, &[&job, &job]));
                job.check().wait()?;
                drop(recorded(gpu, &[&job]));
                errors.push(told(job.outcome().loss().wait()));
            }
            assert!(errors.iter().all(|error| error.as_ref().is_err_and(|e| e.kind() == "not_run")), "{errors:?}");
            errors.remove(0)
        },
        expected: "not_run",
    },
    Fault {
        name: "statistics of a job that never ran",
        provoke: |gpu| {
            let x = gpu.upload(&[0.5f32; 4], [1, 2, 2])?;
            let t = gpu.upload(&[0i32, 1], [1, 2])?;
            let dice = Dice { batch: true, ..Dice::default() }.of(&x, &t);
            let into = gpu.statistics(&dice)?;
            let job = gpu.prepare_statistics(&dice, &gpu.empty(into.shape())?)?;
            let never = told(job.outcome().tensor().read().wait());
            job.run()?;
            assert_eq!(job.outcome().tensor().read().wait()?.to_f32(), into.read().wait()?.to_f32());
            never
        },
        expected: "not_run",
    },
    Fault {
        name: "a read of a run whose submission was refused, after a good run",
        provoke: |gpu| {
            let own = buffer(gpu.device(), 8, ALL);
            let x = wrapped(gpu, &own)?;
            x.write(&[3.0f32, 3.0])?;
            let job = gpu.prepare(&sum(&x, &gpu.upload(&[1.0f32, 1.0], [2])?), &Outputs::default())?;
            assert_eq!(job.run()?.loss().wait()?, 8.0);
            own.destroy();
            assert!(job.run().is_err());
            refused(&job)
        },
        expected: "not_run",
    },
    Fault {
        name: "a read between a run and the next recording",
        provoke: |gpu| {
            let job = job(gpu)?;
            job.run()?;
            let read = job.outcome().loss();
            let _held = recorded(gpu, &[&job]);
            assert_eq!(read.wait()?, 8.0, "a read is of what was recorded before it began");
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "runs of one job from several threads",
        provoke: |gpu| {
            let job = job(gpu)?;
            job.run()?;
            let threads = (0..4).map(|_| {
                let job = job.clone();
                std::thread::spawn(move || (0..50).try_for_each(|_| job.run()?.loss().wait().map(drop)))
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))?;
            job.check().wait()
        },
        expected: "ok",
    },
    Fault {
        name: "a call of arrays, which prepares and runs",
        provoke: |gpu| {
            let x = Array::new(&[3.0f32, 3.0], [2])?;
            let t = Array::new(&[1.0f32, 1.0], [2])?;
            let (outcome, [gradient]) = gpu.gradients(&wgloss::Mse::default().of(&x, &t), [&x])?;
            assert_eq!((outcome.loss().wait()?, gradient.read().wait()?.to_f32()), (4.0, vec![2.0, 2.0]));
            Ok(())
        },
        expected: "ok",
    },
];
