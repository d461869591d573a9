//! The time of a submission: of the host, by the wall, and of the GPU where it can tell.

use std::time::{Duration, Instant};
use wgloss::{Gpu, wgpu};

/// What a pass begins and ends with, where the GPU keeps time.
pub type Stamps<'a> = Option<wgpu::ComputePassTimestampWrites<'a>>;

/// Measures submissions of one pass.
pub struct Stopwatch {
    gpu: Gpu,
    clock: Option<Clock>,
}

/// Two timestamps, and how they come to the host.
struct Clock {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    mapped: wgpu::Buffer,
}

/// How long a submission took.
#[derive(Clone, Copy)]
pub struct Lap {
    /// To record and submit it.
    pub host: Duration,
    /// To its end, seen from the host.
    pub wall: Duration,
    /// From the pass's beginning to its end on the GPU.
    pub gpu: Option<Duration>,
}

impl Lap {
    /// The GPU's own time, or the wall's where it keeps none.
    pub fn best(&self) -> Duration {
        self.gpu.unwrap_or(self.wall)
    }
}

impl Stopwatch {
    /// A stopwatch that asks the GPU too, where it has timestamps.
    pub fn new(gpu: &Gpu) -> Stopwatch {
        let device = gpu.device();
        let clock = device.features().contains(wgpu::Features::TIMESTAMP_QUERY).then(|| {
            let buffer = |label, usage| {
                device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some(label),
                    size: 16,
                    usage,
                    mapped_at_creation: false,
                })
            };
            Clock {
                queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("stopwatch"),
                    ty: wgpu::QueryType::Timestamp,
                    count: 2,
                }),
                resolved: buffer("resolved", wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
                mapped: buffer("mapped", wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ),
            }
        });
        Stopwatch { gpu: gpu.clone(), clock }
    }

    /// Whether the GPU keeps time.
    pub fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// Times what submits one pass, to its end.
    pub fn time(&self, submit: impl FnOnce(Stamps<'_>)) -> Lap {
        let stamps = self.clock.as_ref().map(|clock| wgpu::ComputePassTimestampWrites {
            query_set: &clock.queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        });
        let start = Instant::now();
        submit(stamps);
        let host = start.elapsed();
        self.wait();
        let wall = start.elapsed();
        Lap { host, wall, gpu: self.clock.as_ref().and_then(|clock| self.read(clock)) }
    }

    fn wait(&self) {
        let _ = self.gpu.device().poll(wgpu::PollType::wait_indefinitely());
    }

    /// Reads the timestamps of the last pass, in a submission of its own, so that no measured one pays for it.
    fn read(&self, clock: &Clock) -> Option<Duration> {
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.resolve_query_set(&clock.queries, 0..2, &clock.resolved, 0);
        encoder.copy_buffer_to_buffer(&clock.resolved, 0, &clock.mapped, 0, 16);
        self.gpu.queue().submit([encoder.finish()]);
        clock.mapped.map_async(wgpu::MapMode::Read, .., |_| {});
        self.wait();
        let ticks: Option<Vec<u64>> =
            clock.mapped.get_mapped_range(..).ok().map(|bytes| bytemuck::pod_collect_to_vec(&bytes[..]));
        clock.mapped.unmap();
        let [begin, end] = ticks?[..] else { return None };
        let nanoseconds = end.checked_sub(begin)? as f64 * f64::from(self.gpu.queue().get_timestamp_period());
        (nanoseconds > 0.0).then(|| Duration::from_nanos(nanoseconds as u64))
    }
}
