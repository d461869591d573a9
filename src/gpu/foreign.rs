//! Refuses tensors of another device. wgpu could mistake their buffers for buffers of this device with the same numbers.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::outputs::Outputs;
use crate::gpu::tensor::{Tensor, ToGpu};
use crate::term::Term;

impl Gpu {
    /// Refuses a tensor of another device. `operand` is its name in the error.
    pub(super) fn refuse_foreign<T: ToGpu>(&self, loss: &'static str, operand: &str, tensor: &T) -> Result<()> {
        match tensor.context() {
            Some(context) if !self.shares_device(context) => {
                Err(Error::ForeignTensor { loss, operand: operand.into() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a term that reads a tensor of another device. Operands are not all that it reads: an upstream gradient is another.
    pub(super) fn refuse_foreign_operands<T: ToGpu>(&self, term: &Term<T>) -> Result<()> {
        term.parts.iter().try_for_each(|part| {
            let loss = part.loss.header().id;
            part.read().try_for_each(|(name, tensor)| self.refuse_foreign(loss, name, tensor))
        })
    }

    /// Refuses outputs of another device, and tensors of another device to differentiate with respect to.
    pub(super) fn refuse_foreign_outputs(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<()> {
        let refuse = |operand: &str, tensor: &Tensor| self.refuse_foreign(term.id(), operand, tensor);
        outputs.loss.iter().try_for_each(|tensor| refuse("loss", tensor))?;
        outputs.parts.iter().try_for_each(|parts| refuse("parts", &parts.into))?;
        outputs.counter.iter().try_for_each(|tensor| refuse("counter", tensor))?;
        for (place, tensor) in outputs.observed.iter().enumerate() {
            refuse(&format!("observed[{place}]"), tensor)?;
        }
        for (place, gradient) in outputs.gradients.iter().enumerate() {
            let name = gradient.name(term, place);
            refuse(&name, &gradient.of)?;
            refuse(&format!("gradient of {name}"), &gradient.into)?;
        }
        Ok(())
    }
}
