//! The same inputs give the same bits, whatever other work the GPU does in between.

use crate::case::Case;
use crate::chosen::{all, of_each_kind_of_walk};
use crate::gpu;
use crate::harness::tests_of;
use crate::samples::samples;
use libtest_mimic::Trial;
use wgloss::{Array, CrossEntropy, DType, Gradient, Loss, Mse, Outputs, Tensor, wgpu};

pub fn tests() -> Vec<Trial> {
    // the bits depend on how a family's walk is cut, so one loss of each walk is enough
    tests_of![of_each_kind_of_walk(all()); ten_runs_give_the_same_bits_with_other_work_between]
}

const RUNS: usize = 10;

fn bits(array: &Array) -> Vec<u32> {
    array.to_f32().into_iter().map(f32::to_bits).collect()
}

fn ten_runs_give_the_same_bits_with_other_work_between(loss: &dyn Loss) {
    let noise = gpu().upload(&vec![0.5f32; 300_000], [100_000, 3]).unwrap();
    let labels = gpu().upload(&vec![1u8; 100_000], [100_000]).unwrap();
    let others = [
        gpu().prepare(&Mse::default().of(&noise, &noise), &Outputs::default()).unwrap(),
        gpu().prepare(&CrossEntropy::default().of(&noise, &labels), &Outputs::default()).unwrap(),
    ];
    let on_cpu = gpu().device().adapter_info().device_type == wgpu::DeviceType::Cpu;
    let workgroups = if on_cpu { 30 } else { 1000 };
    for shape in samples(loss).repeated {
        let case = Case::new(loss.header().id, shape, DType::I32).with_all();
        let tensors = case.inputs().on(&mut |array| gpu().upload_array(array)).unwrap();
        let of = case.differentiated(&tensors);
        let into: Vec<Tensor> = of.iter().map(|of| gpu().empty(of.shape()).unwrap()).collect();
        let gradients = of.into_iter().zip(&into).map(|(of, into)| Gradient::store(of, into)).collect();
        let job = gpu().prepare(&case.term(&tensors), &Outputs { gradients, ..Outputs::default() }).unwrap();
        // every workgroup writes a tally of 32 bytes
        assert!(job.workspace() > workgroups * 32, "{case:?} has too few workgroups: {} bytes", job.workspace());
        let run = |number: usize| {
            // submitted without waiting, so that it may still run when the job begins
            (0..number % 3).for_each(|k| drop(others[k].run().unwrap()));
            let loss = job.run().unwrap().loss();
            drop(others[number % 2].run().unwrap());
            let loss = loss.wait().unwrap();
            assert!(loss.is_finite(), "{loss}");
            (loss.to_bits(), into.iter().map(|into| bits(&into.read().wait().unwrap())).collect::<Vec<_>>())
        };
        let first = run(0);
        assert!((1..RUNS).all(|number| run(number) == first), "{case:?} changes from run to run");
    }
}
