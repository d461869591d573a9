//! Loops over jobs: what calls and batches reuse, the memory that a job states in advance, and preparation beside other
//! work.

use crate::case::{Case, Floats};
use crate::chosen::{all, of_each_family};
use crate::harness::{tests, tests_of};
use crate::jobs::{read, write};
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::{CrossEntropy, DType, Error, Gpu, Gradient, Job, Loss, Mse, Outputs, Reduction, Tensor, wgpu};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        calls_in_a_loop_reuse_what_nobody_holds,
        a_job_goes_from_batch_to_batch,
        a_job_is_prepared_on_another_thread,
        what_the_driver_compiled_is_taken_into_the_next_start,
    ];
    tests.extend(tests_of![of_each_family(all()); a_job_tells_its_workspace_before_it_allocates]);
    tests
}

/// A term keeps the jobs of its last calls. A loop allocates nothing more, and overwrites nothing that the caller still
/// holds.
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
        // results that the caller holds are not overwritten
        let before = if step == 0 { [6.0, 8.0] } else { [2.0 * (step as f32 - 1.0), 0.0] };
        assert_eq!((read(&last.1[0]), read(&now.1[0])), (before.to_vec(), vec![2.0 * step as f32, 0.0]));
        assert_eq!(now.0.loss().wait(), Ok((step * step) as f32));
        last = now;
    }
    // while the caller holds results, or only their buffer, a call uses another job
    let (outcome, [gradient]) = call([5.0, 0.0]);
    let buffer = gradient.buffer().0.clone();
    drop((outcome.loss().wait(), gradient, last));
    drop((call([6.0, 0.0]), call([7.0, 0.0])));
    let kept = gpu.wrap(buffer.slice(0..8), [2], DType::F32).unwrap();
    assert_eq!(read(&kept), [10.0, 0.0], "the caller kept the buffer");
    assert_eq!(outcome.loss().wait(), Ok(25.0));
    // a changed term needs another job
    let double = (2.0 * term.clone()).reduce(Reduction::Mean);
    assert_eq!(gpu.value(&double).unwrap().loss().wait(), Ok(49.0));
    assert_eq!(gpu.value(&term).unwrap().loss().wait(), Ok(49.0));
    assert_eq!(gpu.gradients(&term, [&t]).unwrap().1.map(|d| read(&d)), [[-14.0, 0.0]]);
    drop((term, double, outcome, kept, buffer));
    assert_eq!(gpu.memory(), 32, "a term takes with it what it kept");
}

/// Batches are slices of one buffer at any offset, and the last one is shorter. Going through them needs no more memory and
/// no more pipelines, and gives the results of separately prepared jobs.
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
    // the first epoch makes the parameters for each kind of batch
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
    // a term that differs in more than its tensors would read the shared memory differently
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
        assert!(refused.to_string().contains("prepared with"), "{name}: {refused}");
    }
    let counter = Some(gpu.upload(&[0u32], [1]).unwrap());
    assert!(job.rebind(&same(), &Outputs { counter, ..Outputs::default() }).is_err());
    // two parts of one name keep different coefficients over a rebind, though `set` would give both the same
    let twice = |weights: [f32; 2]| {
        let [first, second] = weights.map(|weight| weight * ce(CrossEntropy::default()));
        first.varying("coefficient") + second.varying("coefficient")
    };
    let loss = |job: &Job| job.run().unwrap().loss().wait().unwrap();
    let both = gpu.prepare(&twice([1.0, 0.5]), &Outputs::default()).unwrap();
    let again = both.rebind(&twice([1.0, 0.5]), &Outputs::default()).unwrap();
    assert_eq!(loss(&both).to_bits(), loss(&again).to_bits());
    // a schedule sets a number once for all batches
    let shared = gpu.prepare(&same(), &Outputs::default()).unwrap();
    let next = shared.rebind(&same(), &Outputs::default()).unwrap();
    shared.set("cross_entropy", "coefficient", 3.0).unwrap();
    assert!((loss(&next) - 3.0 * 5f32.ln()).abs() < 1e-6);
    next.set("cross_entropy", "coefficient", 2.0).unwrap();
    assert!((loss(&shared) - 2.0 * 5f32.ln()).abs() < 1e-6);
    // f32 rounds the two parts and their sum
    assert!((loss(&both) - 1.5 * 5f32.ln()).abs() < 1e-6);
    // a number on the host may differ, and a job with other labels has its own verdict
    let halved = job.rebind(&same().upstream(2.0), &Outputs::default()).unwrap();
    let (wide, label) = (gpu.upload(&[0.0f32; 7], [1, 7]).unwrap(), gpu.upload(&[9i32], [1]).unwrap());
    let wide = CrossEntropy::default().of(&wide, &label).varying("coefficient");
    let wide = halved.rebind(&wide, &Outputs::default()).unwrap();
    assert_eq!(wide.check().wait(), Err(Error::NotRun { loss: "cross_entropy", recorded: 0, finished: 0 }));
    assert!(matches!(wide.run().unwrap().loss().wait(), Err(Error::LabelOutOfRange { value: 9, count: 7, .. })));
    assert_eq!(job.check().wait(), Ok(()), "the bad label is of the other job");
}

/// A job's memory is known before it is made: it equals what the job then takes.
fn a_job_tells_its_workspace_before_it_allocates(loss: &dyn Loss) {
    let gpu = gpu();
    for dtype in [DType::F32, DType::F16] {
        let case =
            Case { floats: Floats::All(dtype), ..Case::new(loss.header().id, &[4, 3, 9], DType::I32) }.with_all();
        let arrays = case.inputs();
        let tensors = arrays.on(&mut |array| gpu.upload_array(array)).unwrap();
        let into = |of: &Tensor| Gradient::store(of, &gpu.empty_like(of).unwrap());
        let gradients = case.differentiated(&tensors).into_iter().map(into).collect();
        let outputs = Outputs { gradients, ..Outputs::default() };
        // if an operand is in two places of the term, its gradient is summed up in f32
        for twice in [false, true] {
            let term = if twice { case.term(&tensors) + case.term(&tensors) } else { case.term(&tensors) };
            let told = gpu.workspace(&term, &outputs).unwrap();
            assert_eq!(gpu.prepare(&term, &outputs).unwrap().workspace(), told, "{case:?}");
            let term = if twice { case.term(&arrays) + case.term(&arrays) } else { case.term(&arrays) };
            let of_shapes = gpu.workspace_of(&term, &case.differentiated(&arrays));
            assert_eq!(of_shapes, Ok(told), "{case:?}");
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
    // dropping the future is no error
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
