//! Tensors, outputs and passes of another device.

use crate::{ALL, Fault, adapter, buffer, device, eight, job, recorded, submit, sum, told, wrapped};
use wgloss::wgpu::{ErrorFilter, Limits};
use wgloss::{CrossEntropy, Dice, Error, Gpu, Gradient, Mse, Outputs, Tensor};

/// A tensor of another context. wgpu numbers its buffers as it does those of the first context.
fn other(numbers: &[f32]) -> Result<(Gpu, Tensor), Error> {
    let gpu = Gpu::new()?;
    let tensor = gpu.upload(numbers, [numbers.len()])?;
    Ok((gpu, tensor))
}

/// Two contexts on two devices of one adapter.
fn siblings() -> (Gpu, Gpu) {
    let adapter = adapter();
    let gpu = || {
        let (device, queue) = device(&adapter, Limits::default());
        Gpu::from_wgpu(device, queue)
    };
    (gpu(), gpu())
}

/// Asserts that a refusal names this operand.
fn named(result: Result<(), Error>, operand: &str) -> Result<(), Error> {
    if let Err(error) = &result {
        assert!(error.to_string().contains(operand), "{error} does not name {operand}");
    }
    result
}

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a prediction of another device",
        provoke: |gpu| {
            let t = gpu.upload(&[1.0f32, 1.0], [2])?;
            let (_other, x) = other(&[3.0, 3.0])?;
            named(gpu.value(&sum(&x, &t)).and_then(|outcome| outcome.loss().wait()).map(drop), "input")
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a target of another device",
        provoke: |gpu| {
            let x = gpu.upload(&[3.0f32, 3.0], [2])?;
            let (_other, t) = other(&[1.0, 1.0])?;
            named(told(gpu.gradients(&sum(&x, &t), [&x])), "target")
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "all operands of another device",
        provoke: |gpu| {
            let other = Gpu::new()?;
            // as many buffers on the first device as on the other: wgpu gives them the same numbers
            let _own = eight(gpu)?;
            let (term, x) = eight(&other)?;
            told(gpu.gradients(&term, [&x]))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "an operand of another device in the second loss of a sum",
        provoke: |gpu| {
            let (term, x) = eight(gpu)?;
            let (_other, t) = other(&[1.0, 1.0])?;
            told(gpu.prepare(&(term + sum(&x, &t)), &Outputs::default()))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "an upstream gradient of another device",
        provoke: |gpu| {
            let (_other, upstream) = other(&[1.0])?;
            named(told(gpu.value(&eight(gpu)?.0.upstream(&upstream))), "upstream")
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a denominator of another device",
        provoke: |gpu| {
            let (_other, denominator) = other(&[1.0])?;
            named(told(gpu.value(&eight(gpu)?.0.divide_by(&denominator))), "divide_by")
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "statistics of another device among a term's",
        provoke: |gpu| {
            let x = gpu.upload(&[0.5f32; 4], [1, 2, 2])?;
            let t = gpu.upload(&[0i32, 1], [1, 2])?;
            let dice = Dice { batch: true, ..Dice::default() }.of(&x, &t);
            let shape = gpu.statistics(&dice)?.shape().to_vec();
            let other = Gpu::new()?;
            named(told(gpu.value(&dice.among(&other.empty([&[1], &shape[..]].concat())?))), "among")
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a loss tensor of another device",
        provoke: |gpu| {
            let (_other, loss) = other(&[7.0])?;
            let guard = gpu.upload(&[7.0f32], [1])?;
            let outputs = Outputs { loss: Some(loss), ..Outputs::default() };
            let refused = gpu.prepare(&eight(gpu)?.0, &outputs).and_then(|job| job.run());
            assert_eq!(guard.read().wait()?.to_f32(), [7.0], "a tensor of this device was overwritten");
            told(refused)
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a gradient that goes to another device",
        provoke: |gpu| {
            let (term, x) = eight(gpu)?;
            let (_other, into) = other(&[0.0, 0.0])?;
            let outputs = Outputs { gradients: vec![Gradient::store(&x, &into)], ..Outputs::default() };
            named(told(gpu.prepare(&term, &outputs)), "gradient of input")
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a gradient with respect to a tensor of another device",
        provoke: |gpu| {
            let (term, x) = eight(gpu)?;
            let (_other, of) = other(&[3.0, 3.0])?;
            let outputs = Outputs { gradients: vec![Gradient::store(&of, &gpu.empty_like(&x)?)], ..Outputs::default() };
            told(gpu.prepare(&term, &outputs))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "the same, asked of a call",
        provoke: |gpu| {
            let (_other, of) = other(&[3.0, 3.0])?;
            told(gpu.gradients(&eight(gpu)?.0, [&of]))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a warm-up with a tensor of another device",
        provoke: |gpu| {
            let x = gpu.upload(&[3.0f32, 3.0], [2])?;
            let (_other, t) = other(&[1.0, 1.0])?;
            gpu.warm_up(&sum(&x, &t), &[&x])
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "statistics of a tensor of another device",
        provoke: |gpu| {
            let other = Gpu::new()?;
            let x = other.upload(&[0.5f32; 4], [1, 2, 2])?;
            let t = gpu.upload(&[0i32, 1], [1, 2])?;
            told(gpu.statistics(&Dice { batch: true, ..Dice::default() }.of(&x, &t)))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "statistics that go to another device",
        provoke: |gpu| {
            let x = gpu.upload(&[0.5f32; 4], [1, 2, 2])?;
            let t = gpu.upload(&[0i32, 1], [1, 2])?;
            let dice = Dice { batch: true, ..Dice::default() }.of(&x, &t);
            let other = Gpu::new()?;
            let into = other.empty(gpu.statistics(&dice)?.shape())?;
            named(told(gpu.prepare_statistics(&dice, &into)), "statistics")
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a tensor of another device of the same instance",
        provoke: |_| {
            let (one, two) = siblings();
            let (x, t) = (one.upload(&[3.0f32, 3.0], [2])?, two.upload(&[1.0f32, 1.0], [2])?);
            told(two.value(&sum(&x, &t)))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a wrapped buffer of another device of the same instance",
        provoke: |_| {
            let (one, two) = siblings();
            told(wrapped(&two, &buffer(one.device(), 8, ALL)))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a wrapped buffer of another instance that has no double here",
        provoke: |gpu| {
            let other = Gpu::new()?;
            let many: Vec<_> = (0..1000).map(|_| buffer(other.device(), 8, ALL)).collect();
            told(wrapped(gpu, &many[999]))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a wrapped buffer of another instance whose double here is dropped: a write, a read, a preparation",
        provoke: |gpu| {
            let other = Gpu::new()?;
            let many = |gpu: &Gpu| (0..1000).map(|_| buffer(gpu.device(), 8, ALL)).collect::<Vec<_>>();
            let (doubles, foreign) = (many(gpu), many(&other));
            let x = wrapped(gpu, &foreign[999])?;
            drop(doubles);
            let refused = [
                x.write(&[1.0f32, 2.0]),
                told(x.read().wait()),
                told(gpu.prepare(&sum(&x, &gpu.upload(&[1.0f32, 1.0], [2])?), &Outputs::default())),
            ];
            for refused in &refused {
                assert_eq!(refused.as_ref().map_err(Error::kind), Err("foreign_tensor"), "{refused:?}");
            }
            refused[0].clone()
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "tensors of a second context of the same device",
        provoke: |gpu| {
            let second = Gpu::from_wgpu(gpu.device().clone(), gpu.queue().clone());
            let (x, t) = (gpu.upload(&[3.0f32, 3.0], [2])?, second.upload(&[1.0f32, 1.0], [2])?);
            let (outcome, [gradient]) = second.gradients(&sum(&x, &t), [&x])?;
            assert_eq!((outcome.loss().wait()?, gradient.read().wait()?.to_f32()), (8.0, vec![4.0, 4.0]));
            assert_eq!(gpu.value(&sum(&gradient, &t))?.loss().wait()?, 18.0);
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "two operands of two devices that wgpu takes for the same buffer",
        provoke: |gpu| {
            // each is the first tensor of its device: a call that uploads each operand once must tell them apart
            let x = gpu.upload(&[3.0f32, 3.0], [2])?;
            let (_other, t) = other(&[1.0, 1.0])?;
            told(gpu.value(&Mse::default().of(&x, &t)))
        },
        expected: "foreign_tensor",
    },
    Fault {
        name: "a job recorded into a pass of another device of the same instance",
        provoke: |_| {
            let (one, two) = siblings();
            let job = job(&one)?;
            let scope = two.device().push_error_scope(ErrorFilter::Validation);
            submit(&two, recorded(&two, &[&job]));
            assert!(pollster::block_on(scope.pop()).is_some(), "wgpu refuses the pass");
            told(job.outcome().loss().wait())
        },
        expected: "not_run",
    },
    Fault {
        name: "a job recorded into a pass of another instance",
        provoke: |gpu| {
            // buffers with numbers that the other instance has not reached
            let job = gpu.prepare(
                &CrossEntropy::default().of(&gpu.upload(&[0.0f32; 6], [2, 3])?, &gpu.upload(&[0i32, 1], [2])?),
                &Outputs::default(),
            )?;
            let other = Gpu::new()?;
            let scope = other.device().push_error_scope(ErrorFilter::Validation);
            submit(&other, recorded(&other, &[&job]));
            let _ = pollster::block_on(scope.pop());
            told(job.outcome().loss().wait())
        },
        expected: "not_run",
    },
];
