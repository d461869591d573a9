//! Prepared jobs: recorded into the caller's pass, run repeatedly, writing to the caller's tensors, on a device of the
//! caller.

use crate::case::{Case, Wanted};
use crate::chosen::{all, of_each_family};
use crate::harness::{tests, tests_of};
use crate::pages::buffer_of;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use wgloss::half::f16;
use wgloss::wgpu::{self, BufferUsages, CommandEncoderDescriptor, ComputePassDescriptor};
use wgloss::{CrossEntropy, DType, Error, Gpu, Gradient, Job, Loss, Mse, Outputs, Reduction, Tensor};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        a_job_is_recorded_between_the_callers_own_dispatches_and_runs_when_he_submits,
        a_job_runs_as_often_as_wanted_and_sees_what_its_operands_hold_then,
        jobs_log_their_losses_each_in_its_slot_and_accumulate_their_gradients,
        after_a_warm_up_the_first_call_makes_no_pipeline,
        outputs_that_overlap_or_do_not_fit_are_refused,
        gradients_of_what_has_none_are_refused,
        a_device_of_the_callers_is_left_as_it_was_found,
    ];
    tests.extend(tests_of![of_each_family(all()); a_job_gives_what_a_call_gives]);
    tests
}

/// The tensors of a training step with three elements.
struct Step {
    x: Tensor,
    t: Tensor,
    d: Tensor,
    log: Tensor,
}

impl Step {
    fn new(gpu: &Gpu) -> Step {
        Step {
            x: gpu.upload(&[1.0f32, 2.0, 3.0], [3]).unwrap(),
            t: gpu.upload(&[0.0f32, 0.0, 1.0], [3]).unwrap(),
            d: gpu.upload(&[7.0f32, 7.0, 7.0], [3]).unwrap(),
            log: gpu.upload(&[-1.0f32; 4], [4]).unwrap(),
        }
    }

    /// The loss `Σ (x − t)²`, which is 9, with its gradient. The loss goes to a slot of the log.
    fn job(&self, gpu: &Gpu, slot: usize, add: bool) -> Job {
        let gradient = Gradient { add, ..Gradient::store(&self.x, &self.d) };
        let outputs = Outputs { loss: Some(self.log.clone()), slot, gradients: vec![gradient], ..Outputs::default() };
        gpu.prepare(&Mse::default().of(&self.x, &self.t).reduce(Reduction::Sum), &outputs).unwrap()
    }
}

pub fn read(tensor: &Tensor) -> Vec<f32> {
    tensor.read().wait().unwrap().to_f32()
}

pub fn write(gpu: &Gpu, tensor: &Tensor, numbers: &[f32]) {
    let (buffer, offset) = tensor.buffer();
    gpu.queue().write_buffer(buffer, offset, bytemuck::cast_slice(numbers));
}

/// A kernel of the caller, which adds one to every element.
fn plus_one(gpu: &Gpu, tensor: &Tensor) -> (wgpu::ComputePipeline, wgpu::BindGroup) {
    let device = gpu.device();
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(include_str!("plus_one.wgsl").into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: None,
        compilation_options: Default::default(),
        cache: None,
    });
    let (buffer, _) = tensor.buffer();
    let entries = &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }];
    let layout = &pipeline.get_bind_group_layout(0);
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries });
    (pipeline, group)
}

fn a_job_is_recorded_between_the_callers_own_dispatches_and_runs_when_he_submits() {
    let gpu = fresh_gpu();
    let step = Step::new(&gpu);
    let job = step.job(&gpu, 2, false);
    let (before, after) = (plus_one(&gpu, &step.x), plus_one(&gpu, &step.d));
    let (memory, pipelines) = (gpu.memory(), gpu.pipelines());

    let mut encoder = gpu.device().create_command_encoder(&CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
        pass.set_pipeline(&before.0);
        pass.set_bind_group(0, &before.1, &[]);
        pass.dispatch_workgroups(1, 1, 1);
        job.encode(&mut pass);
        pass.set_pipeline(&after.0);
        pass.set_bind_group(0, &after.1, &[]);
        pass.dispatch_workgroups(1, 1, 1);
    }
    let commands = encoder.finish();
    // an empty submission sends what the queue still holds; recording the job has written and allocated nothing
    gpu.queue().submit([]);
    assert_eq!((read(&step.x), read(&step.d), read(&step.log)), (vec![1.0, 2.0, 3.0], vec![7.0; 3], vec![-1.0; 4]));
    assert_eq!((gpu.memory(), gpu.pipelines()), (memory, pipelines));
    let not_run = Err(Error::NotRun { loss: "mse", recorded: 1, finished: 0 });
    assert_eq!(job.check().wait(), not_run, "what is recorded has not run before it is submitted");

    gpu.queue().submit([commands]);
    // x + 1 is 2, 3, 4: the loss is 4 + 9 + 9, and the gradient is 4, 6, 6; then one is added to the gradient
    assert_eq!(read(&step.d), [5.0, 7.0, 7.0]);
    assert_eq!(read(&step.log), [-1.0, -1.0, 22.0, -1.0]);
    assert_eq!(job.outcome().loss().wait(), Ok(22.0));
    assert!(job.dispatches() > 0);
}

fn a_job_runs_as_often_as_wanted_and_sees_what_its_operands_hold_then() {
    let step = Step::new(gpu());
    let job = step.job(gpu(), 0, false);
    for round in 0..20 {
        write(gpu(), &step.x, &[round as f32, 0.0, 1.0]);
        assert_eq!(job.run().unwrap().loss().wait(), Ok((round * round) as f32));
        assert_eq!(read(&step.d), [2.0 * round as f32, 0.0, 0.0]);
    }
    // two runs in one pass, each a complete run
    let mut encoder = gpu().device().create_command_encoder(&CommandEncoderDescriptor::default());
    let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
    job.encode(&mut pass);
    job.encode(&mut pass);
    drop(pass);
    gpu().queue().submit([encoder.finish()]);
    assert_eq!(job.outcome().loss().wait(), Ok(19.0 * 19.0));
    assert_eq!(job.clone().run().unwrap().loss().wait(), Ok(19.0 * 19.0));
}

fn jobs_log_their_losses_each_in_its_slot_and_accumulate_their_gradients() {
    let step = Step::new(gpu());
    let jobs: Vec<Job> = (0..4).map(|slot| step.job(gpu(), slot, slot > 0)).collect();
    for (round, job) in jobs.iter().enumerate() {
        write(gpu(), &step.x, &[round as f32, 0.0, 1.0]);
        job.run().unwrap();
    }
    assert_eq!(read(&step.log), [0.0, 1.0, 4.0, 9.0]);
    assert_eq!(read(&step.d), [2.0 * (0.0 + 1.0 + 2.0 + 3.0), 0.0, 0.0]);
    // a job keeps the tensors that it was prepared with alive, and their memory stays counted
    let own = fresh_gpu();
    let step = Step::new(&own);
    let (job, memory) = (step.job(&own, 1, false), own.memory());
    drop(step);
    assert_eq!(job.run().unwrap().loss().wait(), Ok(9.0));
    assert_eq!(own.memory(), memory);
}

fn a_job_gives_what_a_call_gives(loss: &dyn Loss) {
    let shape: &[usize] = &[4, 3, 9];
    let case = Case { wanted: Wanted::Stored, ..Case::new(loss.header().id, shape, DType::I32) }.with_all();
    let tensors = case.inputs().on(&mut |array| gpu().upload_array(array)).unwrap();
    let (called, gradients) = gpu().gradient_list(&case.term(&tensors), &case.differentiated(&tensors)).unwrap();
    let of = case.differentiated(&tensors);
    let into: Vec<Tensor> = of.iter().map(|of| gpu().empty(of.shape()).unwrap()).collect();
    let store = of.into_iter().zip(&into).map(|(of, into)| Gradient::store(of, into)).collect();
    let job = gpu().prepare(&case.term(&tensors), &Outputs { gradients: store, ..Outputs::default() }).unwrap();
    let bits = |loss: f32| loss.to_bits();
    assert_eq!(job.run().unwrap().loss().wait().map(bits), called.loss().wait().map(bits), "{case:?}");
    for (place, (own, given)) in into.iter().zip(&gradients).enumerate() {
        assert_eq!(read(own), read(given), "{case:?}");
        assert_eq!(read(&job.outcome().gradients()[place]), read(given), "{case:?}");
    }
}

fn after_a_warm_up_the_first_call_makes_no_pipeline() {
    let gpu = fresh_gpu();
    let x = gpu.upload(&[0.5f32; 12], [4, 3]).unwrap();
    let t = gpu.upload(&[0i32, 1, 2, 2], [4]).unwrap();
    let term = CrossEntropy { label_smoothing: 0.1, ..Default::default() }.of(&x, &t) + 0.5 * Mse::default().of(&x, &x);
    gpu.warm_up(&term, &[&x]).unwrap();
    let (made, memory) = (gpu.pipelines(), gpu.memory());
    assert!(made > 0);
    gpu.value(&term).unwrap().loss().wait().unwrap();
    gpu.gradients(&term, [&x]).unwrap().0.loss().wait().unwrap();
    assert_eq!(gpu.pipelines(), made);
    drop(term);
    assert_eq!(gpu.memory(), memory, "nothing is kept but pipelines");
}

fn outputs_that_overlap_or_do_not_fit_are_refused() {
    let page = buffer_of(gpu(), &[0; 4096]);
    let at = |element: u64, shape: &[usize]| {
        let bytes = 4 * shape.iter().product::<usize>() as u64;
        gpu().wrap(page.slice(4 * element..4 * element + bytes), shape, DType::F32).unwrap()
    };
    let (x, t, d) = (at(0, &[2, 5]), at(10, &[2, 5]), at(20, &[2, 5]));
    let term = Mse::default().of(&x, &t);
    let refused = |outputs: Outputs| gpu().prepare(&term, &outputs).map(drop).unwrap_err();
    let one = |of: &Tensor, into: &Tensor| Outputs { gradients: vec![Gradient::store(of, into)], ..Outputs::default() };
    let overlaps = |output: &str, other: &str| Error::OverlappingBuffers {
        output: output.into(),
        other: other.into(),
        rule: None,
    };

    assert_eq!(refused(one(&x, &t)), overlaps("gradient of input", "target"));
    // overlapping by one element, at either end
    assert_eq!(refused(one(&x, &at(19, &[2, 5]))), overlaps("gradient of input", "target"));
    assert_eq!(refused(one(&t, &at(9, &[2, 5]))), overlaps("gradient of target", "input"));
    let both = |a: &Tensor, b: &Tensor| vec![Gradient::store(&x, a), Gradient::store(&t, b)];
    let outputs = Outputs { gradients: both(&d, &at(29, &[2, 5])), ..Outputs::default() };
    assert_eq!(refused(outputs), overlaps("gradient of target", "gradient of input"));
    let outputs = Outputs { loss: Some(at(29, &[1])), gradients: both(&d, &at(30, &[2, 5])), ..Outputs::default() };
    assert_eq!(refused(outputs), overlaps("gradient of input", "loss"));
    let scaled = Mse::default().of(&x, &t).upstream(&at(40, &[1])).divide_by(&at(41, &[1]));
    for (element, name) in [(40, "upstream"), (41, "divide_by")] {
        let outputs = Outputs { loss: Some(at(element, &[1])), ..Outputs::default() };
        assert_eq!(gpu().prepare(&scaled, &outputs).map(drop), Err(overlaps("loss", name)));
    }
    // tensors that lie side by side are accepted
    gpu()
        .prepare(
            &term,
            &Outputs { loss: Some(at(40, &[1])), gradients: both(&d, &at(30, &[2, 5])), ..Outputs::default() },
        )
        .unwrap();

    let shape = |outputs: Outputs, operand: &str| match refused(outputs) {
        Error::ShapeMismatch { loss: "mse", operand: given, .. } => assert_eq!(given, operand),
        other => panic!("{other}"),
    };
    shape(one(&x, &at(20, &[10])), "gradient of input");
    shape(one(&x, &at(20, &[5, 2])), "gradient of input");
    shape(Outputs { loss: Some(at(20, &[3])), slot: 3, ..Outputs::default() }, "loss");
    shape(Outputs { loss: Some(at(20, &[0])), ..Outputs::default() }, "loss");
    let unreduced = Mse::default().of(&x, &t).reduce(Reduction::None);
    let outputs = Outputs { loss: Some(at(20, &[10])), ..Outputs::default() };
    assert_eq!(gpu().prepare(&unreduced, &outputs).unwrap_err().kind(), "shape_mismatch");
    let halves = gpu().upload(&[f16::ZERO; 10], [2, 5]).unwrap();
    let Error::UnsupportedDtype { got: DType::F16, .. } = refused(one(&x, &halves)) else {
        panic!("an f16 gradient of f32")
    };
    let labels = gpu().upload(&[0i32; 10], [2, 5]).unwrap();
    let Error::UnsupportedDtype { got: DType::I32, .. } = refused(one(&x, &labels)) else {
        panic!("an integer gradient")
    };
    let Error::UnsupportedDtype { .. } = refused(Outputs { loss: Some(labels), ..Outputs::default() }) else {
        panic!("an integer loss")
    };
}

fn gradients_of_what_has_none_are_refused() {
    let x = gpu().upload(&[0.0f32; 6], [2, 3]).unwrap();
    let t = gpu().upload(&[0i32, 1], [2]).unwrap();
    let term = CrossEntropy::default().of(&x, &t);
    let refused = |of: &Tensor| match gpu().gradients(&term, [of]).map(drop) {
        Err(Error::InvalidOperand { operand, .. }) => operand,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&t), "target");
    assert_eq!(refused(&gpu().upload(&[0.0f32; 6], [2, 3]).unwrap()), "of[0]");
}

fn a_device_of_the_callers_is_left_as_it_was_found() {
    // on this device only the test sets handlers
    let (device, queue) = crate::limits::bare_device(wgpu::Limits::default());
    let (errors, losses) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, lost) = (errors.clone(), losses.clone());
    device.on_uncaptured_error(Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    device.set_device_lost_callback(move |_, _| {
        lost.fetch_add(1, Ordering::SeqCst);
    });
    let gpu = Gpu::from_wgpu(device.clone(), queue.clone());
    let step = Step::new(&gpu);
    step.job(&gpu, 0, false).run().unwrap();
    assert_eq!(read(&step.d), [2.0, 4.0, 4.0]);
    // errors that the library handles don't reach the caller's handler
    let too_wide = gpu.upload(&[0.0f32; 3], [3]).unwrap();
    gpu.prepare(&Mse::default().of(&too_wide, &step.log), &Outputs::default()).unwrap_err();
    assert_eq!(errors.load(Ordering::SeqCst), 0);
    // the caller's own errors reach the handler
    let wrong = BufferUsages::MAP_READ | BufferUsages::STORAGE;
    let _ =
        device.create_buffer(&wgpu::BufferDescriptor { label: None, size: 4, usage: wrong, mapped_at_creation: false });
    assert_eq!(errors.load(Ordering::SeqCst), 1);
    drop((gpu, step, too_wide));
    assert_eq!(losses.load(Ordering::SeqCst), 0, "a context that goes takes no device with it");
    device.destroy();
    let _ = device.poll(wgpu::PollType::Wait { submission_index: None, timeout: Some(Duration::from_secs(10)) });
    assert_eq!(losses.load(Ordering::SeqCst), 1);
    assert_eq!(errors.load(Ordering::SeqCst), 1);
}
