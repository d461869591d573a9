//! Measures a submission: the host's time, the wall time, and the GPU's time if the device has timestamps.

use std::time::{Duration, Instant};
use wgloss::{Gpu, wgpu};

/// The timestamps that a pass writes, if the device has them.
pub type Stamps<'a> = Option<wgpu::ComputePassTimestampWrites<'a>>;

/// Measures submissions of one pass.
pub struct Stopwatch {
    gpu: Gpu,
    clock: Option<Clock>,
}

/// Two timestamps, and the buffers that bring them to the host.
struct Clock {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    mapped: wgpu::Buffer,
}

/// The times of a submission.
#[derive(Clone, Copy)]
pub struct Lap {
    /// The host's time to record and submit it.
    pub host: Duration,
    /// The wall time to its end.
    pub wall: Duration,
    /// The GPU's time from the start to the end of the pass.
    pub gpu: Option<Duration>,
}

impl Lap {
    /// The GPU's time, or the wall time if that is not known.
    pub fn gpu_or_wall(&self) -> Duration {
        self.gpu.unwrap_or(self.wall)
    }
}

impl Stopwatch {
    /// A stopwatch that also uses timestamps, if the device has them.
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

    /// Whether the device has timestamps.
    pub fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// Measures `submit`, which submits one pass, until the pass has ended.
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

    /// Reads the timestamps of the last pass, in a separate submission, which is not measured.
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
