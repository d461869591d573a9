//! Devices that are lost before, during and after their work, once and repeatedly.

use crate::{Fault, adapter, device, eight, job, recorded, told};
use std::time::Duration;
use wgloss::wgpu::Limits;
use wgloss::{DType, Error, Gpu, Mse, Outputs};

/// A context on a device that the test makes, not the library.
fn borrowed() -> Gpu {
    let (device, queue) = device(&adapter(), Limits::default());
    Gpu::from_wgpu(device, queue)
}

/// Asserts that every call on a lost device reports the loss. Returns the result of the first call.
fn every_call(gpu: &Gpu) -> Result<(), Error> {
    let (term, x) = eight(gpu)?;
    let job = gpu.prepare(&term, &Outputs::default())?;
    let outcome = gpu.value(&term)?;
    outcome.loss().wait()?;
    let buffer = crate::buffer(gpu.device(), 8, crate::ALL);
    gpu.device().destroy();
    // the run comes first, so that no earlier call has found out that the device is lost
    let run = told(job.run());
    let recorded = {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        job.encode_at(&mut encoder.begin_compute_pass(&Default::default()), 0)
    };
    let calls = [
        ("a recording in a slot", recorded),
        ("a number that is set", job.set("mse", "coefficient", 2.0)),
        ("a write", x.write(&[1.0f32, 2.0])),
        ("an upload", told(gpu.upload(&[1.0f32], [1]))),
        ("zeros", told(gpu.empty([5]))),
        ("wrapping", told(gpu.wrap(buffer.slice(..), [2], DType::F32))),
        ("a preparation", told(gpu.prepare(&term, &Outputs::default()))),
        ("a call", told(gpu.value(&term))),
        ("a read", told(outcome.loss().wait())),
        ("a read of a tensor", told(x.read().wait())),
        ("a check", job.check().wait()),
        ("an awaited read", told(pollster::block_on(outcome.loss()))),
        ("settling", pollster::block_on(gpu.settled())),
        ("a run", run.clone()),
    ];
    for (what, result) in calls {
        assert!(matches!(result, Err(Error::DeviceLost(_))), "{what}: {result:?}");
    }
    run
}

/// Starts work that takes a while.
fn busy(gpu: &Gpu) -> Result<(), Error> {
    let x = gpu.empty([1 << 22])?;
    let job = gpu.prepare(&Mse::default().of(&x, &gpu.empty([1 << 22])?), &Outputs::default())?;
    (0..10).try_for_each(|_| job.run().map(drop))
}

pub const FAULTS: &[Fault] = &[
    Fault { name: "a lost device of the library's own", provoke: every_call, expected: "device_lost" },
    Fault { name: "a lost device of the host's", provoke: |_| every_call(&borrowed()), expected: "device_lost" },
    Fault {
        name: "a write to a lost device, before any other call",
        provoke: |_| {
            let gpu = borrowed();
            let x = gpu.upload(&[1.0f32], [1])?;
            gpu.device().destroy();
            x.write(&[2.0f32])
        },
        expected: "device_lost",
    },
    Fault {
        name: "an upload to a lost device, before any other call",
        provoke: |_| {
            let gpu = borrowed();
            gpu.device().destroy();
            told(gpu.empty([4]))
        },
        expected: "device_lost",
    },
    Fault {
        name: "a device that is lost while a pass is recorded",
        provoke: |gpu| {
            let job = job(gpu)?;
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            job.encode(&mut pass);
            gpu.device().destroy();
            job.encode(&mut pass);
            drop(pass);
            gpu.queue().submit([encoder.finish()]);
            told(job.outcome().loss().wait())
        },
        expected: "device_lost",
    },
    Fault {
        name: "a device that is lost between a run and its read",
        provoke: |gpu| {
            let outcome = job(gpu)?.run()?;
            gpu.device().destroy();
            told(outcome.loss().wait())
        },
        expected: "device_lost",
    },
    Fault {
        name: "a device that is lost while a read waits",
        provoke: |gpu| {
            busy(gpu)?;
            let read = job(gpu)?.run()?.loss();
            let device = gpu.device().clone();
            let thread = std::thread::spawn(move || device.destroy());
            let read = read.wait();
            thread.join().expect("no panic");
            assert!(read == Ok(8.0) || matches!(read, Err(Error::DeviceLost(_))), "{read:?}");
            told(gpu.empty([4]))
        },
        expected: "device_lost",
    },
    Fault {
        name: "a device that is lost twice",
        provoke: |gpu| {
            gpu.device().destroy();
            let first = told(gpu.empty([4]));
            gpu.device().destroy();
            assert_eq!(told(gpu.empty([4])), first);
            first
        },
        expected: "device_lost",
    },
    Fault {
        name: "the loss of one of two contexts of a device",
        provoke: |gpu| {
            let second = Gpu::from_wgpu(gpu.device().clone(), gpu.queue().clone());
            let job = job(&second)?;
            gpu.device().destroy();
            told(gpu.empty([4])).unwrap_err();
            told(job.run())
        },
        expected: "device_lost",
    },
    Fault {
        name: "a new context after a loss",
        provoke: |gpu| {
            let before = job(gpu)?.run()?.loss().wait()?;
            for _ in 0..3 {
                let lost = Gpu::new()?;
                lost.device().destroy();
                told(job(&lost)).unwrap_err();
                assert_eq!(job(&Gpu::new()?)?.run()?.loss().wait()?.to_bits(), before.to_bits());
            }
            Ok(())
        },
        expected: "ok",
    },
    Fault {
        name: "a read that is awaited, of a device that is lost",
        provoke: |gpu| {
            let outcome = job(gpu)?.run()?;
            gpu.device().destroy();
            gpu.set_timeout(Duration::from_secs(5));
            told(pollster::block_on(outcome.loss()))
        },
        expected: "device_lost",
    },
    Fault {
        name: "a recorded pass that is dropped, of a device that is lost",
        provoke: |gpu| {
            let job = job(gpu)?;
            drop(recorded(gpu, &[&job]));
            gpu.device().destroy();
            job.check().wait()
        },
        expected: "device_lost",
    },
];
