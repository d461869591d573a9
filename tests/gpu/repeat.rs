//! The same inputs give the same bits, whatever else the GPU does between.

use crate::case::Case;
use crate::draw::{all, follows_another};
use crate::gpu;
use wgloss::{Array, CrossEntropy, DType, Gradient, Leaf, Loss, Mse, Outputs, Tensor, wgpu};

const RUNS: usize = 10;

/// A thousand workgroups and more, of each way that a loss is walked; a CPU under a driver is given fewer, but more than it has
/// cores.
fn shapes(loss: &dyn Loss) -> &'static [&'static [usize]] {
    match loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) | Leaf::Composite(_) => &[&[1024, 4096]],
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => &[&[1030, 3, 257], &[260_000, 10]],
        Leaf::Region(_) => &[&[1030, 3, 257]],
        Leaf::Vectors(_) => &[&[3000, 1000], &[300_000, 5]],
        Leaf::Similarity(_) => &[&[1030, 40]],
        Leaf::Linear(_) => &[&[9000, 40]],
        Leaf::Gram(_) => &[&[17, 500, 40]],
    }
}

fn bits(array: &Array) -> Vec<u32> {
    array.to_f32().into_iter().map(f32::to_bits).collect()
}

#[test]
fn ten_runs_give_the_same_bits_with_other_work_between() {
    let noise = gpu().upload(&vec![0.5f32; 300_000], [100_000, 3]).unwrap();
    let labels = gpu().upload(&vec![1u8; 100_000], [100_000]).unwrap();
    let others = [
        gpu().prepare(&Mse::default().of(&noise, &noise), &Outputs::default()).unwrap(),
        gpu().prepare(&CrossEntropy::default().of(&noise, &labels), &Outputs::default()).unwrap(),
    ];
    let on_cpu = gpu().device().adapter_info().device_type == wgpu::DeviceType::Cpu;
    let workgroups = if on_cpu { 30 } else { 1000 };
    for loss in all() {
        for shape in shapes(&*loss) {
            let case = Case::new(loss.header().id, shape, DType::I32).with_all();
            let tensors = case.inputs().on(&mut |array| gpu().upload_array(array)).unwrap();
            let of = case.differentiated(&tensors);
            let into: Vec<Tensor> = of.iter().map(|of| gpu().empty(of.shape()).unwrap()).collect();
            let gradients = of.into_iter().zip(&into).map(|(of, into)| Gradient::store(of, into)).collect();
            let job = gpu().prepare(&case.term(&tensors), &Outputs { gradients, ..Outputs::default() }).unwrap();
            // a tally of 32 bytes is left by every workgroup
            assert!(job.workspace() > workgroups * 32, "{case:?} has too few workgroups: {} bytes", job.workspace());
            let run = |number: usize| {
                // submitted without a wait: it is still at work when the job begins, where a queue lets it
                (0..number % 3).for_each(|k| drop(others[k].run().unwrap()));
                let loss = job.run().unwrap().loss();
                drop(others[number % 2].run().unwrap());
                let loss = loss.wait().unwrap();
                assert!(loss.is_finite(), "{loss}");
                (loss.to_bits(), into.iter().map(|into| bits(&into.read().wait().unwrap())).collect::<Vec<_>>())
            };
            let first = run(0);
            // of losses that are walked alike, one as often
            let runs = if follows_another(&*loss) { 3 } else { RUNS };
            assert!((1..runs).all(|number| run(number) == first), "{case:?} changes from run to run");
        }
    }
}
