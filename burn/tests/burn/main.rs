//! The losses on Burn's tensors give what the CPU twins give, refuse what they cannot do, and agree with Burn's own.

#[path = "../../../checks/src/case.rs"]
mod case;
#[path = "../../../checks/src/draw.rs"]
mod draw;
mod errors;
#[path = "../../../checks/src/factors.rs"]
mod factors;
#[path = "../../../tests/common/harness.rs"]
mod harness;
#[path = "../../../checks/src/judge.rs"]
mod judge;
mod losses;
mod modules;
mod on_burn;
mod operands;
#[path = "../../../checks/src/pages.rs"]
mod pages;
#[path = "../../../tests/gpu/pairs.rs"]
mod pairs;
#[path = "../../../checks/src/samples.rs"]
mod samples;
mod steps;

use burn::tensor::Device;
use std::process::ExitCode;
use std::sync::LazyLock;

fn main() -> ExitCode {
    let modules =
        [errors::tests(), losses::tests(), modules::tests(), operands::tests(), pairs::tests(), steps::tests()];
    harness::run(modules.into_iter().flatten().collect())
}

/// The device of all tests, without autodiff.
fn device() -> &'static Device {
    static DEVICE: LazyLock<Device> =
        LazyLock::new(|| wgloss_burn::init(Device::wgpu_options()).unwrap_or_else(|error| panic!("{error}")));
    &DEVICE
}

/// The same with autodiff.
fn autodiff() -> Device {
    device().clone().autodiff()
}
