//! Reads that take too long, fail, or are dropped.

use crate::{Fault, job, told};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;
use wgloss::{Mse, Outputs};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a read that takes longer than allowed, and the next one",
        provoke: |gpu| {
            let x = gpu.empty([1 << 22])?;
            let long = gpu.prepare(&Mse::default().of(&x, &gpu.empty([1 << 22])?), &Outputs::default())?;
            let job = job(gpu)?;
            gpu.set_timeout(Duration::from_millis(1));
            let mut late = Ok(());
            // a software device may be done when the submission returns, so this tries several times
            for _ in 0..20 {
                (0..20).try_for_each(|_| long.run().map(drop))?;
                late = late.and(told(job.run()?.loss().wait()));
            }
            gpu.set_timeout(Duration::from_secs(60));
            assert!(late.as_ref().err().is_none_or(|error| error.kind() == "timeout"), "{late:?}");
            told(job.run()?.loss().wait())
        },
        expected: "ok",
    },
    Fault {
        name: "reads that are dropped, unpolled and half-way",
        provoke: |gpu| {
            let job = job(gpu)?;
            let outcome = job.run()?;
            for _ in 0..50 {
                drop(outcome.loss());
                let mut given_up = pin!(outcome.parts());
                let _ = std::future::Future::poll(given_up.as_mut(), &mut Context::from_waker(Waker::noop()));
                drop(job.check());
            }
            told(outcome.loss().wait())
        },
        expected: "ok",
    },
    Fault {
        name: "a mapping that fails because its device is lost",
        provoke: |gpu| {
            let read = job(gpu)?.run()?.loss();
            gpu.device().destroy();
            // the read had begun before, and may still succeed
            let read = read.wait();
            assert!(read == Ok(8.0) || read.as_ref().is_err_and(|error| error.kind() == "device_lost"), "{read:?}");
            told(job(gpu))
        },
        expected: "device_lost",
    },
];
