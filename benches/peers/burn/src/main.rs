//! burn, a peer of the benchmark: measures value and gradients of the losses on the benchmark's inputs, on burn's wgpu backend.
//!
//! `cargo xtask bench --peers` writes the inputs and runs this.

mod losses;
#[allow(dead_code, reason = "a peer uses a part of it")]
#[path = "../../peer/mod.rs"]
mod peer;

use burn::tensor::{Device, DeviceKind, Gradients, Tensor};
use peer::{Case, Loss, Peer, Result};

struct Burn(Device);

impl Peer for Burn {
    const NAME: &str = "burn";
    type Value = Tensor<1>;
    type Gradients = Gradients;

    fn prepare(&self, case: &Case) -> Result<Option<Loss<Tensor<1>>>> {
        let loss = losses::prepare(case, &self.0);
        Ok(loss.map(|loss| -> Loss<Tensor<1>> { Box::new(move || Ok(loss())) }))
    }

    fn gradients(&self, value: &Tensor<1>) -> Result<Gradients> {
        let gradients = value.backward();
        self.0.sync().map_err(|error| format!("{error:?}"))?;
        Ok(gradients)
    }

    fn read(&self, value: Tensor<1>) -> Result<f32> {
        Ok(value.try_into_scalar().map_err(|error| format!("{error:?}"))?)
    }
}

fn main() -> Result<()> {
    peer::run(&Burn(Device::wgpu(DeviceKind::DefaultDevice).autodiff()))
}
