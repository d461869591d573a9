//! The losses, written with burn's tensor operations as its users would. Options have wgloss's defaults.

use crate::peer::Case;
use burn::tensor::activation::{log_sigmoid, log_softmax, relu, sigmoid, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// A case, and the device for its operands.
struct Operands<'a> {
    case: &'a Case,
    device: &'a Device,
}

/// Computes a loss of operands that are on the device.
pub type Loss = Box<dyn Fn() -> Tensor<1>>;

/// The loss of a case; `None` if this file lacks it.
pub fn prepare(case: &Case, device: &Device) -> Option<Loss> {
    let operands = Operands { case, device };
    let rank = || case.floats("input").0.len();
    Some(match case.loss.as_str() {
        "cross_entropy" if rank() == 2 => cross_entropy_of::<2>(&operands),
        "cross_entropy" if rank() == 4 => cross_entropy_of::<4>(&operands),
        "dice" if rank() == 4 => {
            let (x, t) = (operands.floats("input"), operands.labels::<3>("target").unsqueeze_dim(1));
            Box::new(move || dice(x.clone(), t.clone()))
        }
        "mse" if rank() == 1 => {
            let (x, t) = (operands.floats::<1>("input"), operands.floats::<1>("target"));
            Box::new(move || mean((x.clone() - t.clone()).square()))
        }
        "sigmoid_focal" if rank() == 2 => {
            let (x, t) = (operands.floats("input"), operands.floats("target"));
            Box::new(move || sigmoid_focal(x.clone(), t.clone()))
        }
        "bce_with_logits" if rank() == 2 => {
            let (x, t) = (operands.floats::<2>("input"), operands.floats::<2>("target"));
            let weight = operands.floats::<1>("pos_weight").unsqueeze::<2>();
            Box::new(move || {
                let (x, t) = (x.clone(), t.clone());
                let weight = (weight.clone() - 1.0) * t.clone() + 1.0;
                mean((-t + 1.0) * x.clone() - weight * log_sigmoid(x))
            })
        }
        "triplet_margin" => {
            let [anchor, positive, negative] =
                ["anchor", "positive", "negative"].map(|name| operands.floats::<2>(name));
            let distance = |a: Tensor<2>, b: Tensor<2>| (a - b + 1e-6).square().sum_dim(1).sqrt();
            Box::new(move || {
                let near = distance(anchor.clone(), positive.clone());
                mean(relu(near - distance(anchor.clone(), negative.clone()) + 1.0))
            })
        }
        "info_nce" => {
            let (query, key) = (operands.floats::<2>("query"), operands.floats::<2>("key"));
            let own = Tensor::<1, Int>::arange(0..query.dims()[0] as i64, device).unsqueeze_dim(1);
            let normalized = |x: Tensor<2>| x.clone() / x.square().sum_dim(1).sqrt();
            Box::new(move || {
                let scores = normalized(query.clone()).matmul(normalized(key.clone()).transpose());
                cross_entropy(scores / 0.07, own.clone())
            })
        }
        "linear_cross_entropy" if rank() == 2 => {
            let (x, weight) = (operands.floats::<2>("input"), operands.floats::<2>("weight"));
            let t = operands.labels::<1>("target").unsqueeze_dim(1);
            Box::new(move || cross_entropy(x.clone().matmul(weight.clone().transpose()), t.clone()))
        }
        _ => return None,
    })
}

impl Operands<'_> {
    fn floats<const D: usize>(&self, name: &str) -> Tensor<D> {
        let (shape, floats) = self.case.floats(name);
        let tensor = Tensor::from_data(TensorData::new(floats.to_vec(), shape), self.device);
        if self.case.differentiates(name) { tensor.require_grad() } else { tensor }
    }

    fn labels<const D: usize>(&self, name: &str) -> Tensor<D, Int> {
        let (shape, labels) = self.case.labels(name);
        Tensor::from_data(TensorData::new(labels.to_vec(), shape), self.device)
    }
}

fn cross_entropy_of<const D: usize>(operands: &Operands) -> Loss {
    let x = operands.floats::<D>("input");
    let mut shape = x.dims();
    shape[1] = 1;
    // the labels take the shape of the input with one class, as `gather` requires
    let (_, labels) = operands.case.labels("target");
    let t = Tensor::<D, Int>::from_data(TensorData::new(labels.to_vec(), shape), operands.device);
    Box::new(move || cross_entropy(x.clone(), t.clone()))
}

fn cross_entropy<const D: usize>(x: Tensor<D>, t: Tensor<D, Int>) -> Tensor<1> {
    -mean(log_softmax(x, 1).gather(1, t))
}

/// The mean, with sums over rows first. On a software adapter, burn 0.22's sum over all elements ignores those beyond
/// 2^18.
fn mean<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let elements = x.shape().num_elements();
    let row = 1 << elements.trailing_zeros().min(10);
    x.reshape([elements / row, row]).sum_dim(1).sum() / elements as f32
}

fn dice(x: Tensor<4>, t: Tensor<4, Int>) -> Tensor<1> {
    let [items, classes, height, width] = x.dims();
    let flat = [items, classes, height * width];
    let p = softmax(x, 1);
    let numbers = Tensor::<1, Int>::arange(0..classes as i64, &t.device()).reshape([1, classes, 1, 1]);
    let t = t.equal(numbers).float();
    let overlap = (p.clone() * t.clone()).reshape(flat).sum_dim(2);
    let sizes = p.reshape(flat).sum_dim(2) + t.reshape(flat).sum_dim(2);
    mean(-((overlap * 2.0 + 1e-5) / (sizes + 1e-5)) + 1.0)
}

fn sigmoid_focal(x: Tensor<2>, t: Tensor<2>) -> Tensor<1> {
    let not = -t.clone() + 1.0;
    let surprise = not.clone() * x.clone() - log_sigmoid(x.clone());
    let p = sigmoid(x);
    let miss = p.clone() * not.clone() + (-p + 1.0) * t.clone();
    mean((t * 0.25 + not * 0.75) * miss.square() * surprise)
}
