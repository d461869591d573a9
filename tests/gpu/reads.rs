//! Reads of results: waited for and awaited, timed out, after the device is gone, and too large ever to exist.

use crate::case::Case;
use crate::harness::tests;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wgloss::{DType, Error, Gpu, Mse, Outputs, Read, Reduction, Tensor, Term};

pub fn tests() -> Vec<Trial> {
    tests![
        a_read_is_waited_for_or_awaited_under_any_executor,
        an_executor_that_asks_again_and_again_gets_the_result_once,
        results_and_contexts_go_from_thread_to_thread,
        a_read_that_takes_too_long_is_an_error_and_the_device_goes_on,
        a_device_that_is_destroyed_gives_errors_and_no_panic,
        a_device_of_the_callers_that_is_destroyed_gives_errors_too,
        what_is_too_large_is_refused_with_both_numbers,
        memory_is_the_sum_of_the_buffers_that_live,
        a_loss_that_is_not_reduced_is_no_number,
        what_threads_share_is_send_and_sync,
    ]
}

/// Longer than any read of these tests takes.
const NEVER: Duration = Duration::from_secs(60);

/// `Σ (3 − 1)²` over two elements, which is 8.
fn eight(gpu: &Gpu) -> (Term<Tensor>, Tensor) {
    let x = gpu.upload(&[3.0f32, 3.0], [2]).unwrap();
    let t = gpu.upload(&[1.0f32, 1.0], [2]).unwrap();
    (Mse::default().of(&x, &t).reduce(Reduction::Sum), x)
}

/// Runs a function on a new, plain thread, and fails if it hangs.
fn elsewhere<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(run()));
    receiver.recv_timeout(NEVER).expect("it panicked, or hangs")
}

/// Starts so much work that the device is still busy when the submission returns.
fn busy(gpu: &Gpu) {
    let x = gpu.empty([1 << 22]).unwrap();
    let job = gpu.prepare(&Mse::default().of(&x, &gpu.empty([1 << 22]).unwrap()), &Outputs::default()).unwrap();
    (0..10).for_each(|_| drop(job.run().unwrap()));
}

fn a_read_is_waited_for_or_awaited_under_any_executor() {
    // a device of its own, which no other test polls
    let gpu = fresh_gpu();
    let (term, x) = eight(&gpu);
    let (outcome, [gradient]) = gpu.gradients(&term, [&x]).unwrap();
    assert_eq!(outcome.loss().wait(), Ok(8.0));
    let awaited = outcome.clone();
    assert_eq!(elsewhere(move || pollster::block_on(awaited.loss())), Ok(8.0));
    // several reads at once, awaited in reverse order
    let reads = [outcome.loss(), outcome.loss(), outcome.loss()];
    let read = gradient.read();
    let (gradient, losses) = elsewhere(move || {
        pollster::block_on(async move {
            let mut losses = Vec::new();
            for read in reads.into_iter().rev() {
                losses.push(read.await);
            }
            (read.await, losses)
        })
    });
    assert_eq!(losses, [Ok(8.0), Ok(8.0), Ok(8.0)]);
    assert_eq!(gradient.unwrap().to_f32(), [4.0, 4.0]);
    // a read that is polled once and never again, whether it is kept or dropped, and one that is never polled, don't hinder
    // the next read
    let mut given_up = Box::pin(outcome.loss());
    let _ = given_up.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(outcome.loss().wait(), Ok(8.0));
    drop(given_up);
    drop(outcome.loss());
    assert_eq!(outcome.loss().wait(), Ok(8.0));
}

fn an_executor_that_asks_again_and_again_gets_the_result_once() {
    let gpu = fresh_gpu();
    let (term, _) = eight(&gpu);
    let read = gpu.value(&term).unwrap().loss();
    let loss = elsewhere(move || {
        let mut read = pin!(read);
        loop {
            match read.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(loss) => return loss,
                Poll::Pending => std::thread::yield_now(),
            }
        }
    });
    assert_eq!(loss, Ok(8.0));
}

fn results_and_contexts_go_from_thread_to_thread() {
    let (term, x) = eight(gpu());
    let clones: Vec<(Gpu, Term<Tensor>, Tensor)> = (0..4).map(|_| (gpu().clone(), term.clone(), x.clone())).collect();
    let threads = clones.into_iter().map(|(gpu, term, x)| {
        std::thread::spawn(move || {
            let (outcome, [gradient]) = gpu.gradients(&term, [&x]).unwrap();
            (outcome.loss().wait(), gradient.read().wait().map(|gradient| gradient.to_f32()))
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        assert_eq!(thread.join().unwrap(), (Ok(8.0), Ok(vec![4.0, 4.0])));
    }
}

fn a_read_that_takes_too_long_is_an_error_and_the_device_goes_on() {
    let gpu = fresh_gpu();
    let (term, _) = eight(&gpu);
    let outcome = gpu.value(&term).unwrap();
    assert_eq!(outcome.loss().wait(), Ok(8.0));
    gpu.set_timeout(Duration::from_millis(1));
    // a software device does the work during the submission, so its reads are in time
    let in_time = |loss: Result<f32, Error>| {
        assert!(loss == Ok(8.0) || loss == Err(Error::Timeout { seconds: 0.001 }), "{loss:?}");
    };
    busy(&gpu);
    in_time(outcome.loss().wait());
    busy(&gpu);
    let read = outcome.loss();
    in_time(elsewhere(move || pollster::block_on(read)));
    gpu.set_timeout(NEVER);
    assert_eq!(outcome.loss().wait(), Ok(8.0));
    assert_eq!(gpu.value(&term).unwrap().loss().wait(), Ok(8.0));
}

/// Asserts that a call on a lost device gives `DeviceLost`.
fn gone<T: std::fmt::Debug>(what: &str, result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::DeviceLost(_))), "{what}: {result:?}");
}

fn a_device_that_is_destroyed_gives_errors_and_no_panic() {
    let gpu = fresh_gpu();
    let (term, x) = eight(&gpu);
    let job = gpu.prepare(&term, &Outputs::default()).unwrap();
    let (outcome, [gradient]) = gpu.gradients(&term, [&x]).unwrap();
    let begun = outcome.loss();
    assert_eq!(pollster::block_on(gpu.settled()), Ok(()));
    gpu.device().destroy();
    // this read began before: it may have succeeded
    let begun = begun.wait();
    assert!(begun == Ok(8.0) || matches!(begun, Err(Error::DeviceLost(_))), "{begun:?}");
    gone("a read", outcome.loss().wait());
    gone("a read of a tensor", gradient.read().wait());
    gone("a read of the parts", outcome.parts().wait());
    let read = outcome.loss();
    gone("an awaited read", elsewhere(move || pollster::block_on(read)));
    gone("a call", gpu.value(&term));
    gone("a job", job.run());
    gone("a check", job.check().wait());
    gone("an upload", gpu.upload(&[1.0f32], [1]));
    gone("a preparation", gpu.prepare(&term, &Outputs::default()));
    gone("settling", pollster::block_on(gpu.settled()));
}

fn a_device_of_the_callers_that_is_destroyed_gives_errors_too() {
    let own = fresh_gpu();
    let gpu = Gpu::from_wgpu(own.device().clone(), own.queue().clone());
    let (term, _) = eight(&gpu);
    let outcome = gpu.value(&term).unwrap();
    gpu.device().destroy();
    gone("a read", outcome.loss().wait());
    let read = outcome.loss();
    gone("an awaited read", elsewhere(move || pollster::block_on(read)));
    gone("the result of a call", gpu.value(&term).and_then(|outcome| outcome.loss().wait()));
}

fn what_is_too_large_is_refused_with_both_numbers() {
    let buffer = gpu().device().limits().max_buffer_size;
    let before = gpu().memory();
    let refused = |result: Result<Tensor, Error>, least: u64| match result {
        Err(Error::TooLarge { needed, limit, what }) => {
            assert!(needed >= least && limit == buffer && needed > limit, "{what}: {needed}, {limit}");
            let text = Error::TooLarge { needed, limit, what }.to_string();
            assert!(text.contains(&needed.to_string()) && text.contains(&limit.to_string()), "{text}");
        }
        other => panic!("{other:?}"),
    };
    refused(gpu().empty([(buffer / 4 + 1) as usize]), buffer);
    refused(gpu().empty([1 << 20, 1 << 20]), 1 << 42);
    // more elements than 64 bits can count
    refused(gpu().empty([usize::MAX, usize::MAX]), u64::MAX / 2);
    assert!(gpu().memory() <= before + (1 << 30), "what was refused is counted");
    assert_eq!(gpu().empty([(buffer / 4 + 1) as usize]).unwrap_err().kind(), "too_large");
}

fn memory_is_the_sum_of_the_buffers_that_live() {
    let gpu = fresh_gpu();
    assert_eq!(gpu.memory(), 0);
    let x = gpu.upload(&[0.0f32; 1000], [1000]).unwrap();
    assert_eq!(gpu.memory(), 4000);
    let job = gpu.prepare(&Mse::default().of(&x, &x), &Outputs::default()).unwrap();
    let with_job = gpu.memory();
    assert!(with_job >= 4000 + job.workspace(), "{with_job} with a workspace of {}", job.workspace());
    (0..3).for_each(|_| drop(job.run().unwrap()));
    assert_eq!(gpu.memory(), with_job, "running a job needs no memory");
    drop(job);
    assert_eq!(gpu.memory(), 4000);
    // a call's memory is freed with its results
    let case = Case::new("mse", &[100], DType::F32);
    case.run(&gpu).unwrap();
    assert_eq!(gpu.memory(), 4000);
    drop(x);
    assert_eq!(gpu.memory(), 0);
}

fn a_loss_that_is_not_reduced_is_no_number() {
    let (term, _) = eight(gpu());
    let outcome = gpu().value(&term.reduce(Reduction::None)).unwrap();
    assert_eq!(outcome.loss().wait().unwrap_err().kind(), "invalid_option");
    assert_eq!(pollster::block_on(outcome.loss()).unwrap_err().kind(), "invalid_option");
    assert_eq!(outcome.tensor().read().wait().unwrap().to_f32(), [4.0, 4.0]);
}

/// The types that threads share or send to each other.
fn what_threads_share_is_send_and_sync() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Gpu>();
    shared::<Tensor>();
    shared::<wgloss::Job>();
    shared::<wgloss::Outcome>();
    shared::<Term<Tensor>>();
    sent::<Read<f32>>();
}
