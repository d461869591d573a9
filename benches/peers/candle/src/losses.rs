//! The losses, written with candle's losses and tensor operations as its users would. Options have wgloss's defaults.

use crate::peer::Case;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::encoding::one_hot;
use candle_nn::loss::cross_entropy;
use candle_nn::ops::{sigmoid, softmax};

/// Computes a loss of tensors.
pub type Loss = Box<dyn Fn() -> Result<Tensor>>;

/// The loss of a case; `None` if this file lacks it.
pub fn prepare(case: &Case) -> Result<Option<Loss>> {
    let floats = |name| floats(case, name, case.floats(name).0);
    let labels = || labels(case, "target");
    Ok(Some(match case.loss.as_str() {
        "cross_entropy" => {
            let (x, t) = (floats("input")?, labels()?.flatten_all()?);
            Box::new(move || cross_entropy(&rows(&x)?, &t))
        }
        "dice" => {
            let (x, t) = (floats("input")?, labels()?);
            Box::new(move || dice(&x, &t))
        }
        "mse" => mse(case)?,
        "sigmoid_focal" => {
            let (x, t) = (floats("input")?, floats("target")?);
            Box::new(move || sigmoid_focal(&x, &t))
        }
        "bce_with_logits" => {
            let (x, t, weight) = (floats("input")?, floats("target")?, floats("pos_weight")?);
            Box::new(move || bce_with_logits(&x, &t, &weight))
        }
        "triplet_margin" => {
            let (anchor, positive, negative) = (floats("anchor")?, floats("positive")?, floats("negative")?);
            let distance = |a: &Tensor, b: &Tensor| ((a - b)? + 1e-6)?.sqr()?.sum(1)?.sqrt();
            Box::new(move || {
                let near = distance(&anchor, &positive)?;
                ((near - distance(&anchor, &negative)?)? + 1.0)?.relu()?.mean_all()
            })
        }
        "info_nce" => {
            let (query, key) = (floats("query")?, floats("key")?);
            let own = Tensor::arange(0, query.dim(0)? as u32, &Device::Cpu)?;
            let normalized = |x: &Tensor| x.broadcast_div(&x.sqr()?.sum_keepdim(1)?.sqrt()?);
            Box::new(move || {
                let scores = normalized(&query)?.matmul(&normalized(&key)?.t()?)?;
                cross_entropy(&(scores / 0.07)?, &own)
            })
        }
        "linear_cross_entropy" => {
            let (x, weight, t) = (floats("input")?, floats("weight")?, labels()?);
            Box::new(move || cross_entropy(&x.matmul(&weight.t()?)?, &t))
        }
        _ => return Ok(None),
    }))
}

fn floats(case: &Case, name: &str, shape: &[usize]) -> Result<Tensor> {
    let tensor = Tensor::from_slice(case.floats(name).1, shape, &Device::Cpu)?;
    if case.differentiates(name) { Ok(Var::from_tensor(&tensor)?.into_inner()) } else { Ok(tensor) }
}

fn labels(case: &Case, name: &str) -> Result<Tensor> {
    let (shape, labels) = case.labels(name);
    Tensor::from_vec(labels.iter().map(|label| *label as u32).collect(), shape, &Device::Cpu)
}

/// One row of classes for each position. candle's cross-entropy takes only this layout.
fn rows(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 2 { Ok(x.clone()) } else { x.flatten_from(2)?.transpose(1, 2)?.reshape(((), x.dim(1)?)) }
}

/// The mean of the means of rows. candle 0.11's mean of all elements keeps 32 running sums in f32, which is off by 1.5e-4
/// for 2^24 squares.
fn mean(x: Tensor) -> Result<Tensor> {
    x.mean(1)?.mean_all()
}

fn dice(x: &Tensor, t: &Tensor) -> Result<Tensor> {
    let p = softmax(x, 1)?;
    let t = one_hot(t.clone(), x.dim(1)?, 1f32, 0f32)?.permute((0, 3, 1, 2))?.contiguous()?;
    let overlap = (&p * &t)?.sum((2, 3))?;
    let sizes = (p.sum((2, 3))? + t.sum((2, 3))?)?;
    let ratio = (((overlap * 2.0)? + 1e-5)? / (sizes + 1e-5)?)?;
    (1.0 - ratio)?.mean_all()
}

/// candle's own mse takes the mean of all elements at once, which is inexact. The operands get the shape of rows before the
/// measurement, so this costs no time.
fn mse(case: &Case) -> Result<Loss> {
    let elements = case.floats("input").1.len();
    let row = 1 << elements.trailing_zeros().min(10);
    let shape = [elements / row, row];
    let (x, t) = (floats(case, "input", &shape)?, floats(case, "target", &shape)?);
    Ok(Box::new(move || mean((&x - &t)?.sqr()?)))
}

/// log(1 + exp x), which candle lacks.
fn softplus(x: &Tensor) -> Result<Tensor> {
    // the exponent is never positive, so it cannot overflow
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}

fn sigmoid_focal(x: &Tensor, t: &Tensor) -> Result<Tensor> {
    let not = (1.0 - t)?;
    let surprise = (softplus(x)? - (x * t)?)?;
    let p = sigmoid(x)?;
    let miss = ((&p * &not)? + ((1.0 - &p)? * t)?)?;
    mean((((t * 0.25)? + (not * 0.75)?)? * miss.sqr()? * surprise)?)
}

/// candle's own function has no weights, and takes the logarithm of a sigmoid that may be zero.
fn bce_with_logits(x: &Tensor, t: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let weight = (t.broadcast_mul(&(weight - 1.0)?)? + 1.0)?;
    mean((((1.0 - t)? * x)? + (weight * softplus(&x.neg()?)?)?)?)
}
