//! The devices that evaluate losses and metrics, and the calls that differ between them.

use clap::ValueEnum;
use wgloss::{Accuracy, Array, ConfusionMatrix, Gpu, PartOutcome, Predictions, Result, Term, cpu};
use wgloss_cases::{Answer, Way};

/// Where losses are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// The CPU twins, in f64.
    Cpu,
    /// The GPU that `wgloss devices` marks `(used)`.
    Gpu,
}

impl Device {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Device::Cpu => "cpu",
            Device::Gpu => "gpu",
        }
    }

    /// All ways to pass operands to the device. The first takes host arrays.
    pub fn open(self) -> Result<Vec<Way>> {
        match self {
            Device::Cpu => Ok(vec![Way::Cpu]),
            Device::Gpu => Ok(Way::all(Gpu::new()?).into()),
        }
    }
}

/// The value of a sum of losses, with its parts and its gradients.
pub struct Evaluated {
    /// The loss and its gradients.
    pub answer: Answer,
    /// The parts of the sum.
    pub parts: Vec<PartOutcome>,
    /// The observations of positions, by name, each with a number for every position.
    pub observed: Vec<(String, Array)>,
}

/// Evaluates a sum of losses, and its gradients with respect to these arrays.
pub fn evaluate_sum(way: &Way, term: &Term<Array>, of: &[&Array]) -> Result<Evaluated> {
    match way {
        Way::Cpu => {
            let (outcome, gradients) = cpu::gradient_list(term, of)?;
            let answer = Answer { loss: outcome.tensor().clone(), gradients };
            Ok(Evaluated { answer, parts: outcome.parts().to_vec(), observed: outcome.observed().to_vec() })
        }
        Way::GpuArrays(gpu) | Way::GpuTensors(gpu) | Way::GpuSlices(gpu) => {
            let (outcome, gradients) = gpu.gradient_list(term, of)?;
            let parts = outcome.parts().wait()?;
            let loss = outcome.tensor().read().wait()?;
            let gradients = gradients.iter().map(|gradient| gradient.read().wait()).collect::<Result<_>>()?;
            let observed = outcome.observed().iter().map(|(name, tensor)| Ok((name.clone(), tensor.read().wait()?)));
            Ok(Evaluated { answer: Answer { loss, gradients }, parts, observed: observed.collect::<Result<_>>()? })
        }
    }
}

/// Counts the correct predictions.
pub fn accuracy(way: &Way, predictions: &Predictions<Array>) -> Result<Accuracy> {
    match way {
        Way::Cpu => cpu::accuracy(predictions),
        Way::GpuArrays(gpu) | Way::GpuTensors(gpu) | Way::GpuSlices(gpu) => gpu.accuracy(predictions)?.read().wait(),
    }
}

/// Counts the confusion matrix of predictions.
pub fn confusion_matrix(way: &Way, predictions: &Predictions<Array>) -> Result<ConfusionMatrix> {
    match way {
        Way::Cpu => cpu::confusion_matrix(predictions),
        Way::GpuArrays(gpu) | Way::GpuTensors(gpu) | Way::GpuSlices(gpu) => {
            gpu.confusion_matrix(predictions)?.read().wait()
        }
    }
}

/// The adapter's name; `None` for the CPU twins.
pub fn adapter(way: &Way) -> Option<String> {
    match way {
        Way::Cpu => None,
        Way::GpuArrays(gpu) | Way::GpuTensors(gpu) | Way::GpuSlices(gpu) => Some(gpu.device().adapter_info().name),
    }
}
