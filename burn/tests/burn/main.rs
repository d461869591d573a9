//! The losses on Burn's tensors equal the twins, refuse what they cannot compute, and agree with Burn's own losses.

#[allow(dead_code, reason = "these tests use a part of it")]
#[path = "../../../checks/src/case.rs"]
mod case;
#[path = "../../../checks/src/chosen.rs"]
mod chosen;
#[path = "../../../checks/src/draw.rs"]
mod draw;
mod errors;
#[path = "../../../checks/src/factors.rs"]
mod factors;
#[path = "../../../tests/common/harness.rs"]
mod harness;
#[allow(dead_code, reason = "these tests use a part of it")]
#[path = "../../../checks/src/judge.rs"]
mod judge;
mod losses;
mod modules;
mod on_burn;
mod operands;
#[allow(dead_code, reason = "these tests use a part of it")]
#[path = "../../../checks/src/pages.rs"]
mod pages;
#[path = "../../../tests/gpu/pairs.rs"]
mod pairs;
#[path = "../../../checks/src/samples.rs"]
mod samples;
mod steps;

use burn::tensor::Device;
use burn::tensor::wgpu::WgpuSetup;
use std::process::ExitCode;
use std::sync::LazyLock;

fn main() -> ExitCode {
    let modules =
        [errors::tests(), losses::tests(), modules::tests(), operands::tests(), pairs::tests(), steps::tests()];
    harness::run(modules.into_iter().flatten().collect())
}

/// The device of all tests, without autodiff.
fn device() -> &'static Device {
    &DEVICE.0
}

/// The same device with autodiff.
fn autodiff() -> Device {
    device().clone().autodiff()
}

/// A device of Burn on the same wgpu device, for one test only.
fn own_device() -> Device {
    let device = Device::wgpu_options().setup(setup().clone()).init().unwrap();
    wgloss_burn::register(&device, setup()).unwrap();
    device
}

/// The wgpu handles of the device.
fn setup() -> &'static WgpuSetup {
    &DEVICE.1
}

static DEVICE: LazyLock<(Device, WgpuSetup)> = LazyLock::new(|| {
    let (device, setup) = Device::wgpu_options().init_with_setup().unwrap_or_else(|error| panic!("{error}"));
    wgloss_burn::register(&device, &setup).unwrap();
    (device, setup)
});
