//! Prepared jobs: recorded into the caller's pass, run as often as wanted, into places of the caller's, on a device of his.

use crate::case::{Case, Floats, Wanted};
use crate::draw::all;
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
        calls_in_a_loop_reuse_what_nobody_holds,
        a_job_goes_from_batch_to_batch,
        a_job_is_prepared_on_another_thread,
        what_the_driver_compiled_is_taken_into_the_next_start,
        outputs_that_overlap_or_do_not_fit_are_refused,
        gradients_of_what_has_none_are_refused,
        a_device_of_the_callers_is_left_as_it_was_found,
    ];
    tests.extend(tests_of![all(); a_job_gives_what_a_call_gives, a_job_tells_its_workspace_before_it_allocates]);
    tests
}

/// What a training step of three elements is made of.
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

    /// `Σ (x − t)²`, which is 9, with its gradient and its loss in a slot of the log.
    fn job(&self, gpu: &Gpu, slot: usize, add: bool) -> Job {
        let gradient = Gradient { add, ..Gradient::store(&self.x, &self.d) };
        let outputs = Outputs { loss: Some(self.log.clone()), slot, gradients: vec![gradient], ..Outputs::default() };
        gpu.prepare(&Mse::default().of(&self.x, &self.t).reduce(Reduction::Sum), &outputs).unwrap()
    }
}

fn read(tensor: &Tensor) -> Vec<f32> {
    tensor.read().wait().unwrap().to_f32()
}

fn write(gpu: &Gpu, tensor: &Tensor, numbers: &[f32]) {
    let (buffer, offset) = tensor.buffer();
    gpu.queue().write_buffer(buffer, offset, bytemuck::cast_slice(numbers));
}

/// A kernel of the caller's: adds one to every element.
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
    // an empty submission sends what a queue still holds back: encoding has written nothing, and made nothing
    gpu.queue().submit([]);
    assert_eq!((read(&step.x), read(&step.d), read(&step.log)), (vec![1.0, 2.0, 3.0], vec![7.0; 3], vec![-1.0; 4]));
    assert_eq!((gpu.memory(), gpu.pipelines()), (memory, pipelines));
    let not_run = Err(Error::NotRun { loss: "mse", recorded: 1, finished: 0 });
    assert_eq!(job.check().wait(), not_run, "what is recorded has not run before it is submitted");

    gpu.queue().submit([commands]);
    // x + 1 is 2, 3, 4: the loss 4 + 9 + 9, the gradient 4, 6, 6, plus one
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
    // twice in one pass: each run stands for itself
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
    // a job outlives the tensors it was prepared with, and their memory is counted while it does
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
    // by one element, at either end
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
    // side by side they are fine
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
    // a bare device: nothing but this test sets anything on it
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
    // what the library is refused stays inside it
    let too_wide = gpu.upload(&[0.0f32; 3], [3]).unwrap();
    gpu.prepare(&Mse::default().of(&too_wide, &step.log), &Outputs::default()).unwrap_err();
    assert_eq!(errors.load(Ordering::SeqCst), 0);
    // what the caller does wrong himself reaches him
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

/// A term keeps the jobs of its last calls: a loop makes nothing new, and overwrites nothing that the caller still has.
fn calls_in_a_loop_reuse_what_nobody_holds() {
    let gpu = fresh_gpu();
    let x = gpu.upload(&[1.0f32, 2.0], [2]).unwrap();
    let t = gpu.upload(&[0.0f32, 0.0], [2]).unwrap();
    let term = Mse::default().of(&x, &t).reduce(Reduction::Sum);
    let call = |numbers: [f32; 2]| {
        write(&gpu, &x, &numbers);
        gpu.gradients(&term, [&x]).unwrap()
    };
    let mut last = call([1.0, 2.0]);
    last = {
        let _last = last;
        call([3.0, 4.0])
    };
    let memory = gpu.memory();
    for step in 0..5 {
        let now = call([step as f32, 0.0]);
        assert_eq!(gpu.memory(), memory, "step {step} makes nothing");
        // what the caller holds is not overwritten
        let before = if step == 0 { [6.0, 8.0] } else { [2.0 * (step as f32 - 1.0), 0.0] };
        assert_eq!((read(&last.1[0]), read(&now.1[0])), (before.to_vec(), vec![2.0 * step as f32, 0.0]));
        assert_eq!(now.0.loss().wait(), Ok((step * step) as f32));
        last = now;
    }
    // results that are held, alone or as their buffer, get another job
    let (outcome, [gradient]) = call([5.0, 0.0]);
    let buffer = gradient.buffer().0.clone();
    drop((outcome.loss().wait(), gradient, last));
    drop((call([6.0, 0.0]), call([7.0, 0.0])));
    let kept = gpu.wrap(buffer.slice(0..8), [2], DType::F32).unwrap();
    assert_eq!(read(&kept), [10.0, 0.0], "the caller kept the buffer");
    assert_eq!(outcome.loss().wait(), Ok(25.0));
    // another question is another job
    let double = (2.0 * term.clone()).reduce(Reduction::Mean);
    assert_eq!(gpu.value(&double).unwrap().loss().wait(), Ok(49.0));
    assert_eq!(gpu.value(&term).unwrap().loss().wait(), Ok(49.0));
    assert_eq!(gpu.gradients(&term, [&t]).unwrap().1.map(|d| read(&d)), [[-14.0, 0.0]]);
    drop((term, double, outcome, kept, buffer));
    assert_eq!(gpu.memory(), 32, "a term takes with it what it kept");
}

/// Batches of one buffer, at any offset, and a last one that is shorter: they need no other memory and no other pipeline,
/// and give what jobs of their own give.
fn a_job_goes_from_batch_to_batch() {
    const ROWS: usize = 37;
    const CLASSES: usize = 5;
    let gpu = fresh_gpu();
    let logits: Vec<f32> = (0..ROWS * CLASSES).map(|k| (k * 7 % 11) as f32 - 5.0).collect();
    let labels: Vec<i32> = (0..ROWS).map(|k| if k % 6 == 0 { -100 } else { (k % CLASSES) as i32 }).collect();
    let (x, t) = (gpu.upload(&logits, [ROWS * CLASSES]).unwrap(), gpu.upload(&labels, [ROWS]).unwrap());
    let d = gpu.empty([ROWS * CLASSES]).unwrap();
    let part = |of: &Tensor, range: std::ops::Range<usize>, shape: &[usize], dtype| {
        let slice = of.buffer().0.slice(4 * range.start as u64..4 * range.end as u64);
        gpu.wrap(slice, shape, dtype).unwrap()
    };
    let batch = |rows: std::ops::Range<usize>| {
        let (n, floats) = (rows.len(), rows.start * CLASSES..rows.end * CLASSES);
        let x = part(&x, floats.clone(), &[n, CLASSES], DType::F32);
        let d = part(&d, floats, &[n, CLASSES], DType::F32);
        let term = CrossEntropy::default().of(&x, &part(&t, rows, &[n], DType::I32)).varying("coefficient");
        let gradients = vec![Gradient::store(&x, &d)];
        (term, Outputs { gradients, ..Outputs::default() })
    };
    let batches: Vec<_> = (0..ROWS).step_by(8).map(|from| batch(from..(from + 8).min(ROWS))).collect();
    let mut job = gpu.prepare(&batches[0].0, &batches[0].1).unwrap();
    job.set("cross_entropy", "coefficient", 0.5).unwrap();
    // the first time around, parameters are made for each kind of batch
    let epoch = |mut job: Job| {
        let mut losses = Vec::new();
        for (term, outputs) in &batches {
            job = job.rebind(term, outputs).unwrap();
            losses.push(job.run().unwrap().loss().wait().unwrap().to_bits());
        }
        (job, losses)
    };
    let (job_after, first) = epoch(job);
    job = job_after;
    let (memory, pipelines) = (gpu.memory(), gpu.pipelines());
    let (job, second) = epoch(job);
    assert_eq!((gpu.memory(), gpu.pipelines()), (memory, pipelines), "an epoch makes nothing");
    assert_eq!(first, second);
    let got = read(&d);
    assert_eq!(job.check().wait(), Ok(()));
    for ((term, outputs), loss) in batches.iter().zip(first) {
        let own = gpu.prepare(&(0.5 * term.clone()), outputs).unwrap();
        assert_eq!(own.run().unwrap().loss().wait().map(f32::to_bits), Ok(loss));
    }
    assert_eq!(read(&d), got);
    // what differs in more than its tensors would share memory that it reads otherwise
    let (x, t) = (gpu.upload(&[0.0f32; 5], [1, 5]).unwrap(), gpu.upload(&[0i32], [1]).unwrap());
    let ce = |loss: CrossEntropy| loss.of(&x, &t);
    let same = || ce(CrossEntropy::default()).varying("coefficient");
    let one = gpu.upload(&[1.0f32], [1]).unwrap();
    job.rebind(&same(), &Outputs::default()).unwrap();
    for (name, other) in [
        ("an option", ce(CrossEntropy::new().label_smoothing(0.1)).varying("coefficient")),
        ("nothing varies", ce(CrossEntropy::default())),
        ("something else varies", ce(CrossEntropy::default()).varying("label_smoothing")),
        ("a tensor holds the number", ce(CrossEntropy::default()).number_from("coefficient", &one)),
        ("a coefficient", 2.0 * same()),
        ("a mask", same().mask(&one)),
        ("an upstream gradient on the GPU", same().upstream(&one)),
        ("a denominator on the GPU", same().divide_by(&one)),
    ] {
        let refused = job.rebind(&other, &Outputs::default()).unwrap_err();
        assert!(refused.to_string().contains("prepared for"), "{name}: {refused}");
    }
    let counter = Some(gpu.upload(&[0u32], [1]).unwrap());
    assert!(job.rebind(&same(), &Outputs { counter, ..Outputs::default() }).is_err());
    // a number on the host may differ, and a job with other labels has a verdict of its own
    let halved = job.rebind(&same().upstream(2.0), &Outputs::default()).unwrap();
    let (wide, label) = (gpu.upload(&[0.0f32; 7], [1, 7]).unwrap(), gpu.upload(&[9i32], [1]).unwrap());
    let wide = CrossEntropy::default().of(&wide, &label).varying("coefficient");
    let wide = halved.rebind(&wide, &Outputs::default()).unwrap();
    assert_eq!(wide.check().wait(), Err(Error::NotRun { loss: "cross_entropy", recorded: 0, finished: 0 }));
    assert!(matches!(wide.run().unwrap().loss().wait(), Err(Error::LabelOutOfRange { value: 9, count: 7, .. })));
    assert_eq!(job.check().wait(), Ok(()), "the bad label is of the other job");
}

/// A job says what it will hold before it is made: what it then holds, and what the context then counts.
fn a_job_tells_its_workspace_before_it_allocates(loss: &dyn Loss) {
    let gpu = gpu();
    for dtype in [DType::F32, DType::F16] {
        let case =
            Case { floats: Floats::All(dtype), ..Case::new(loss.header().id, &[4, 3, 9], DType::I32) }.with_all();
        let tensors = case.inputs().on(&mut |array| gpu.upload_array(array)).unwrap();
        let into = |of: &Tensor| Gradient::store(of, &gpu.empty_like(of).unwrap());
        let gradients = case.differentiated(&tensors).into_iter().map(into).collect();
        let outputs = Outputs { gradients, ..Outputs::default() };
        // an operand in two places of the term has its gradient summed up in f32
        for term in [case.term(&tensors), case.term(&tensors) + case.term(&tensors)] {
            let told = gpu.workspace(&term, &outputs).unwrap();
            assert_eq!(gpu.prepare(&term, &outputs).unwrap().workspace(), told, "{case:?}");
        }
    }
}

fn a_job_is_prepared_on_another_thread() {
    let gpu = gpu();
    let (x, t) = (gpu.upload(&[1.0f32, 2.0], [2]).unwrap(), gpu.upload(&[0.0f32; 2], [2]).unwrap());
    let job = pollster::block_on(gpu.prepare_async(&Mse::default().of(&x, &t), &Outputs::default())).unwrap();
    assert_eq!(job.run().unwrap().loss().wait(), Ok(2.5));
    let term = CrossEntropy::default().of(&x, &t);
    let refused = gpu.prepare(&term, &Outputs::default()).map(drop);
    assert_eq!(pollster::block_on(gpu.prepare_async(&term, &Outputs::default())).map(drop), refused);
    // giving up is no error
    drop(gpu.prepare_async(&term, &Outputs::default()));
}

#[expect(unsafe_code, reason = "a driver's cache is taken for compiled code")]
fn what_the_driver_compiled_is_taken_into_the_next_start() {
    let gpu = fresh_gpu();
    let value = |gpu: &Gpu| {
        let (x, t) = (gpu.upload(&[1.0f32, 2.0], [2]).unwrap(), gpu.upload(&[0.0f32; 2], [2]).unwrap());
        gpu.value(&Mse::default().of(&x, &t)).unwrap().loss().wait()
    };
    assert_eq!(value(&gpu), Ok(2.5));
    let Some(bytes) = gpu.pipeline_cache() else {
        assert!(!gpu.device().features().contains(wgpu::Features::PIPELINE_CACHE));
        return;
    };
    // SAFETY: the bytes are those of the driver
    assert!(!unsafe { gpu.load_pipeline_cache(&bytes) }, "pipelines are made already");
    let next = fresh_gpu();
    // SAFETY: as above
    assert!(unsafe { next.load_pipeline_cache(&bytes) });
    assert_eq!(value(&next), Ok(2.5));
    // SAFETY: bytes without a header are no code, and are refused
    assert!(!unsafe { fresh_gpu().load_pipeline_cache(&[]) });
}
