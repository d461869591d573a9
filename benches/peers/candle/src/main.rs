//! candle, a peer of the benchmark: measures value and gradients of the losses on the benchmark's inputs, on the CPU.
//!
//! `cargo xtask bench --peers` writes the inputs and runs this.

mod losses;
#[allow(dead_code, reason = "a peer uses a part of it")]
#[path = "../../peer/mod.rs"]
mod peer;

use candle_core::Tensor;
use candle_core::backprop::GradStore;
use peer::{Case, Loss, Peer, Result};

struct Candle;

impl Peer for Candle {
    const NAME: &str = "candle";
    type Value = Tensor;
    type Gradients = GradStore;

    fn prepare(&self, case: &Case) -> Result<Option<Loss<Tensor>>> {
        let loss = losses::prepare(case)?;
        Ok(loss.map(|loss| -> Loss<Tensor> { Box::new(move || Ok(loss()?)) }))
    }

    fn gradients(&self, value: &Tensor) -> Result<GradStore> {
        Ok(value.backward()?)
    }

    fn read(&self, value: Tensor) -> Result<f32> {
        Ok(value.to_scalar()?)
    }
}

fn main() -> Result<()> {
    peer::run(&Candle)
}
