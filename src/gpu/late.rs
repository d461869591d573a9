//! Keeps errors for later reads. On the web a device reports an error after the call that caused it has returned.

use crate::error::{Error, Result};
use crate::gpu::lock::lock;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// The reports that a browser's device has not sent yet.
#[cfg(target_arch = "wasm32")]
pub(super) type DeviceReports = Late<Pin<Box<dyn Future<Output = Option<Error>>>>>;

/// The reports that have not arrived yet, and the first error among those that have.
///
/// Any number of futures can wait for the reports at once. All of them give the error. It is kept until
/// [`settled`](Self::settled) takes it; futures that began to wait before still get it.
pub(super) struct Late<F>(Mutex<Arc<Era<F>>>);

/// The reports of the calls between two errors that `settled` took. When it takes an error, a new era begins for the futures
/// that begin to wait afterwards.
struct Era<F> {
    reports: Mutex<Reports<F>>,
    waiting: Arc<Waiting>,
}

struct Reports<F> {
    /// The reports that have not arrived, with their numbers.
    owed: Vec<(u64, F)>,
    /// The number of the next report.
    next: u64,
    /// The error with the lowest number.
    first: Option<(u64, Error)>,
    /// The number of owed reports at which `owe` removes arrived ones, even if nobody waits for them.
    most: usize,
}

/// The least value of `Reports::most`.
const LEAST_KEPT: usize = 64;

/// The tasks that wait for reports. A report wakes only the waker that polled it last, so it is polled with this waker,
/// which wakes all tasks.
#[derive(Default)]
struct Waiting(Mutex<Vec<Waker>>);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let tasks = std::mem::take(&mut *lock(&self.0));
        tasks.into_iter().for_each(Waker::wake);
    }
}

impl Waiting {
    /// Adds a task, unless it waits already: a future may be polled often before a report arrives.
    fn add(&self, task: &Waker) {
        let mut tasks = lock(&self.0);
        if !tasks.iter().any(|known| known.will_wake(task)) {
            tasks.push(task.clone());
        }
    }
}

impl<F> std::fmt::Debug for Late<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Late").finish_non_exhaustive()
    }
}

impl<F> Default for Late<F> {
    fn default() -> Late<F> {
        Late(Mutex::new(Era::new()))
    }
}

impl<F> Era<F> {
    fn new() -> Arc<Era<F>> {
        let reports = Reports { owed: Vec::new(), next: 0, first: None, most: LEAST_KEPT };
        Arc::new(Era { reports: Mutex::new(reports), waiting: Arc::default() })
    }
}

impl<F: Future<Output = Option<Error>> + Unpin> Late<F> {
    /// Adds a report that has not arrived.
    pub fn owe(&self, report: F) {
        let era = self.era();
        let mut reports = lock(&era.reports);
        let number = reports.next;
        reports.next += 1;
        reports.owed.push((number, report));
        // otherwise a program that never reads would keep all reports
        if reports.owed.len() >= reports.most {
            let waker = Waker::from(era.waiting.clone());
            reports.arrive(&mut Context::from_waker(&waker));
            reports.most = LEAST_KEPT.max(2 * reports.owed.len());
        }
    }

    /// Waits for the reports of all calls so far, and gives the first error.
    pub fn so_far(&self) -> SoFar<F> {
        let era = self.era();
        let end = lock(&era.reports).next;
        SoFar { era, end }
    }

    /// Waits until no report is owed, and takes the first error. Futures that begin to wait afterwards do not get it.
    pub async fn settled(&self) -> Result<()> {
        loop {
            let now = self.so_far();
            let (era, end) = (now.era.clone(), now.end);
            let result = now.await;
            let mut current = lock(&self.0);
            // meanwhile another call may have taken the error, or added reports
            if !Arc::ptr_eq(&*current, &era) || lock(&era.reports).next != end {
                continue;
            }
            if result.is_err() {
                *current = Era::new();
            }
            return result;
        }
    }

    fn era(&self) -> Arc<Era<F>> {
        lock(&self.0).clone()
    }
}

/// A future that waits for the reports of all calls before it began.
pub(super) struct SoFar<F> {
    era: Arc<Era<F>>,
    end: u64,
}

impl<F: Future<Output = Option<Error>> + Unpin> Future for SoFar<F> {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let waiting = &self.era.waiting;
        waiting.add(cx.waker());
        let mut reports = lock(&self.era.reports);
        let (waker, before) = (Waker::from(waiting.clone()), reports.owed.len());
        reports.arrive(&mut Context::from_waker(&waker));
        let some_arrived = reports.owed.len() < before;
        let done = reports.owed.iter().all(|(number, _)| *number >= self.end);
        let error = reports.first.as_ref().filter(|(number, _)| *number < self.end).map(|(_, error)| error.clone());
        drop(reports);
        if some_arrived {
            // removed reports wake nobody, so wake the other tasks here
            waker.wake();
        }
        match done {
            true => Poll::Ready(error.map_or(Ok(()), Err)),
            false => Poll::Pending,
        }
    }
}

impl<F: Future<Output = Option<Error>> + Unpin> Reports<F> {
    /// Removes the reports that have arrived, and keeps the first error.
    fn arrive(&mut self, cx: &mut Context<'_>) {
        let first = &mut self.first;
        self.owed.retain_mut(|(number, report)| {
            let Poll::Ready(found) = Pin::new(report).poll(cx) else { return true };
            if let Some(error) = found
                && first.as_ref().is_none_or(|(known, _)| *number < *known)
            {
                *first = Some((*number, error));
            }
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_intrusive::channel::shared::{OneshotSender, oneshot_channel};
    use std::sync::atomic::{AtomicUsize, Ordering};

    type Report = Pin<Box<dyn Future<Output = Option<Error>> + Send>>;

    /// A report that arrives when something is sent.
    fn owed(late: &Late<Report>) -> OneshotSender<Option<Error>> {
        let (sender, receiver) = oneshot_channel();
        late.owe(Box::pin(async move { receiver.receive().await.flatten() }));
        sender
    }

    fn error(what: &str) -> Error {
        Error::OutOfMemory(what.into())
    }

    /// A task that counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn poll<T>(future: &mut (impl Future<Output = T> + Unpin), task: &Arc<Task>) -> Poll<T> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(task.clone())))
    }

    #[test]
    fn every_read_that_waits_for_a_report_is_woken_and_gets_its_error() {
        let late = Late::default();
        let report = owed(&late);
        let (mut one, mut other) = (late.so_far(), late.so_far());
        let tasks = [Arc::<Task>::default(), Arc::default()];
        assert_eq!((poll(&mut one, &tasks[0]), poll(&mut other, &tasks[1])), (Poll::Pending, Poll::Pending));
        report.send(Some(error("a buffer"))).unwrap();
        assert!(tasks.iter().all(|task| task.0.load(Ordering::Relaxed) > 0), "both are woken by the one report");
        assert_eq!(poll(&mut one, &tasks[0]), Poll::Ready(Err(error("a buffer"))));
        assert_eq!(poll(&mut other, &tasks[1]), Poll::Ready(Err(error("a buffer"))));
        assert_eq!(pollster::block_on(late.so_far()), Err(error("a buffer")), "and so does one that begins later");
    }

    #[test]
    fn a_read_waits_only_for_earlier_calls() {
        let late = Late::default();
        let (before, task) = (owed(&late), Arc::default());
        let mut read = late.so_far();
        let after = owed(&late);
        after.send(Some(error("after"))).unwrap();
        assert_eq!(poll(&mut read, &task), Poll::Pending);
        before.send(None).unwrap();
        assert_eq!(poll(&mut read, &task), Poll::Ready(Ok(())));
        assert_eq!(pollster::block_on(late.so_far()), Err(error("after")));
    }

    #[test]
    fn a_read_gives_the_error_of_the_earliest_call() {
        let late = Late::default();
        owed(&late).send(None).unwrap();
        assert_eq!(pollster::block_on(late.so_far()), Ok(()));
        let (first, second) = (owed(&late), owed(&late));
        second.send(Some(error("second"))).unwrap();
        let task = Arc::default();
        let mut read = late.so_far();
        assert_eq!(poll(&mut read, &task), Poll::Pending, "an earlier call may have failed too");
        first.send(Some(error("first"))).unwrap();
        assert_eq!(poll(&mut read, &task), Poll::Ready(Err(error("first"))));
    }

    #[test]
    fn futures_that_waited_before_still_get_a_taken_error() {
        let late = Late::default();
        let report = owed(&late);
        let before = late.so_far();
        report.send(Some(error("a buffer"))).unwrap();
        assert_eq!(pollster::block_on(late.settled()), Err(error("a buffer")));
        assert_eq!(pollster::block_on(late.settled()), Ok(()));
        assert_eq!(pollster::block_on(late.so_far()), Ok(()));
        assert_eq!(pollster::block_on(before), Err(error("a buffer")));
    }

    #[test]
    fn arrived_reports_are_removed_even_if_nobody_waits() {
        let late: Late<Report> = Late::default();
        for call in 0..10 * LEAST_KEPT {
            owed(&late).send((call == 5).then(|| error("the sixth"))).unwrap();
        }
        assert!(lock(&late.era().reports).owed.len() <= LEAST_KEPT);
        assert_eq!(pollster::block_on(late.so_far()), Err(error("the sixth")));
    }

    #[test]
    fn settling_waits_for_reports_added_meanwhile() {
        let late = Late::default();
        let (first, task) = (owed(&late), Arc::default());
        let mut settled = Box::pin(late.settled());
        assert_eq!(poll(&mut settled, &task), Poll::Pending);
        let second = owed(&late);
        first.send(None).unwrap();
        assert_eq!(poll(&mut settled, &task), Poll::Pending);
        second.send(Some(error("second"))).unwrap();
        assert_eq!(poll(&mut settled, &task), Poll::Ready(Err(error("second"))));
    }
}
