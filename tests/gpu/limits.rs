//! Every option of every loss on a device with no more than WebGPU's default limits.

use crate::Shared;
use crate::case::{Case, Door, ScaleGiven};
use crate::chosen::{all, of_each_family};
use crate::draw::{has, option_values};
use crate::harness::tests_of;
use crate::judge::Failures;
use libtest_mimic::Trial;
use wgloss::header::Role;
use wgloss::wgpu::{self, Device, Limits, Queue};
use wgloss::{DType, Gpu, Loss, Reduction, adapters};

pub fn tests() -> Vec<Trial> {
    tests_of![of_each_family(all()); every_option_runs_within_webgpus_default_limits]
}

/// A device of the adapter that the other tests use, without features and with these limits.
pub fn bare_device(limits: Limits) -> (Device, Queue) {
    let chosen = adapters().into_iter().find(|adapter| adapter.chosen).expect("these tests need an adapter").info;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let same = |info: wgpu::AdapterInfo| (info.name, info.backend) == (chosen.name.clone(), chosen.backend);
    let adapter = found.into_iter().find(|adapter| same(adapter.get_info())).expect("it was there a moment ago");
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    pollster::block_on(adapter.request_device(&descriptor)).expect("every adapter has the default limits")
}

/// A GPU with WebGPU's default limits.
fn default_gpu() -> Gpu {
    let (device, queue) = bare_device(Limits::default());
    assert_eq!(device.limits().max_storage_buffers_per_shader_stage, 8);
    assert_eq!(device.limits().min_storage_buffer_offset_alignment, 256);
    Gpu::from_wgpu(device, queue)
}

fn every_option_runs_within_webgpus_default_limits(loss: &dyn Loss) {
    static DEFAULT: Shared<Gpu> = Shared::new(default_gpu);
    let targets: &[DType] = if has(loss, Role::Target) { &[DType::I32, DType::F32] } else { &[DType::I32] };
    // as many bindings as possible: every operand, an upstream gradient for each value, the unreduced loss, all gradients
    let most = |target| {
        let case = Case::new(loss.header().id, &[3, 5, 70], target).with_all();
        Case { reduction: Reduction::None, upstream: ScaleGiven::Tensor, door: Door::Wrapped, ..case }
    };
    let mut cases: Vec<Case> = targets.iter().map(|&target| most(target)).collect();
    for (spec, default) in loss.specs().into_iter().zip(loss.values()) {
        let values = option_values(&spec, &default).into_iter().enumerate();
        cases.extend(values.map(|(k, value)| most(targets[k % targets.len()]).option(spec.name, value)));
    }
    let mean = Case { reduction: Reduction::Mean, divide_by: ScaleGiven::Tensor, ..most(DType::I32) };
    cases.extend([Case { door: Door::OneBuffer, ..mean.clone() }, mean]);
    let mut failures = Failures::default();
    cases.iter().for_each(|case| failures.note(case, case.run(DEFAULT.get())));
    failures.raise();
}
