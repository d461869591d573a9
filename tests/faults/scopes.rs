//! The host's own error scopes and handlers: the library leaves them as they were, and does not report errors of the host
//! as its own.

use crate::{ALL, Fault, adapter, buffer, device, eight, job, sum, told, wrapped};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wgloss::wgpu::{BufferUsages, ErrorFilter, Limits};
use wgloss::{Gpu, Outputs};

/// Asks for a buffer that every device refuses.
fn wrong(gpu: &Gpu) {
    let _ = buffer(gpu.device(), 8, BufferUsages::MAP_READ | BufferUsages::MAP_WRITE | BufferUsages::STORAGE);
}

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a host's error scope and handler around refusals of the library's",
        provoke: |_| {
            let (device, queue) = device(&adapter(), Limits::default());
            let gpu = Gpu::from_wgpu(device.clone(), queue);
            let uncaptured = Arc::new(AtomicUsize::new(0));
            let counted = uncaptured.clone();
            device.on_uncaptured_error(Arc::new(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            }));
            let filters = [ErrorFilter::Internal, ErrorFilter::OutOfMemory, ErrorFilter::Validation];
            let scopes = filters.map(|filter| device.push_error_scope(filter));
            let own = buffer(&device, 8, ALL);
            let x = wrapped(&gpu, &own)?;
            let job = gpu.prepare(&sum(&x, &x), &Outputs::default())?;
            own.destroy();
            let refused = told(job.run());
            let _ = told(wrapped(&gpu, &own)).unwrap_err();
            let second = Gpu::from_wgpu(device.clone(), gpu.queue().clone());
            second.empty([4])?;
            let found: Vec<_> = scopes.into_iter().rev().map(|scope| pollster::block_on(scope.pop())).collect();
            assert!(found.iter().all(Option::is_none), "{found:?}");
            assert_eq!(uncaptured.load(Ordering::SeqCst), 0);
            wrong(&gpu);
            assert_eq!(uncaptured.load(Ordering::SeqCst), 1, "the handler is still the host's");
            refused
        },
        expected: "invalid_operand",
    },
    Fault {
        name: "errors that the host raises on another thread",
        provoke: |gpu| {
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        let own = gpu.device().push_error_scope(ErrorFilter::Validation);
                        wrong(gpu);
                        assert!(pollster::block_on(own.pop()).is_some());
                    }
                });
                let job = job(gpu)?;
                let worked = (0..100).try_for_each(|_| job.run()?.loss().wait().map(drop));
                done.store(true, Ordering::SeqCst);
                worked
            })
        },
        expected: "ok",
    },
    Fault {
        name: "a syntax error in the WGSL of a loss of the caller's",
        provoke: |gpu| {
            let (_, x) = eight(gpu)?;
            told(gpu.value(&broken::Broken::default().of(&x, &x)))
        },
        expected: "invalid_shader",
    },
];

/// A loss whose shader has a syntax error.
mod broken {
    use wgloss::Reduction;
    use wgloss::custom::{ElementScore, Pointwise};
    use wgloss::header::{Denominator, Header, OperandSpec, Role, Source};

    wgloss::loss! {
        /// The difference of two.
        pub struct Broken of (input, target) as Pointwise {}
    }

    static HEADER: Header = Header {
        id: "broken",
        title: "a loss that no compiler takes",
        operands: &[
            OperandSpec::new("input", Role::Element).differentiable(),
            OperandSpec::new("target", Role::Element).differentiable(),
        ],
        reductions: Reduction::VALUES,
        mean: Denominator::Weights,
        shader: Source { path: "my/broken", text: "fn score(v: vec4<f32>) -> f32 {\n    return v.x +;\n}\n" },
        default: || Box::new(Broken::default()),
    };

    impl Pointwise for Broken {
        fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
            ElementScore { loss: x - t, d: [1.0, -1.0, 0.0, 0.0] }
        }
    }
}
