//! burn with wgloss-burn, a peer of the benchmark: measures every loss on the benchmark's inputs, on tensors of burn's wgpu
//! backend with burn's autodiff.
//!
//! `cargo xtask bench --peers` writes the inputs and runs this.

#[allow(dead_code, reason = "a peer uses a part of it")]
#[path = "../../peer/mod.rs"]
mod peer;

use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use peer::{Case, Data, Loss, Peer, Result};
use wgloss_burn::wgloss::{Term, by_id};
use wgloss_burn::{BurnTerm, Operand};

struct WglossBurn(Device);

impl Peer for WglossBurn {
    const NAME: &str = "wgloss-burn";
    type Value = Tensor<1>;
    type Gradients = Gradients;

    fn prepare(&self, case: &Case) -> Result<Option<Loss<Tensor<1>>>> {
        let Some(loss) = by_id(&case.loss) else { return Ok(None) };
        let operands = case.operands().map(|name| Ok((name.clone(), self.operand(case, &name)?)));
        let operands = operands.collect::<Result<Vec<_>>>()?;
        let operands = operands.iter().map(|(name, operand)| (name.as_str(), operand));
        let term = Term::from_options(loss, [], operands)?;
        Ok(Some(Box::new(move || Ok(term.loss()?))))
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

impl WglossBurn {
    fn operand(&self, case: &Case, name: &str) -> Result<Operand> {
        match case.operand(name).0.len() {
            1 => Ok(self.tensor::<1>(case, name)),
            2 => Ok(self.tensor::<2>(case, name)),
            3 => Ok(self.tensor::<3>(case, name)),
            4 => Ok(self.tensor::<4>(case, name)),
            rank => Err(format!("{name} has {rank} axes").into()),
        }
    }

    fn tensor<const D: usize>(&self, case: &Case, name: &str) -> Operand {
        let (shape, data) = case.operand(name);
        match data {
            Data::Labels(labels) => Tensor::<D, Int>::from_data(TensorData::new(labels.clone(), shape), &self.0).into(),
            Data::Floats(floats) => {
                let tensor = Tensor::<D>::from_data(TensorData::new(floats.clone(), shape), &self.0);
                if case.differentiates(name) { tensor.require_grad().into() } else { tensor.into() }
            }
        }
    }
}

fn main() -> Result<()> {
    peer::run(&WglossBurn(wgloss_burn::init(Device::wgpu_options())?.autodiff()))
}
