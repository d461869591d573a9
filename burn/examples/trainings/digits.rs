//! Handwritten digits of 8 × 8 pixels: a small CNN learns a quarter of them, and reads the others.

use crate::{Result, Trained, classes, data, timed};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use wgloss_burn::wgloss::{CrossEntropy, MultiMargin};
use wgloss_burn::{BurnLoss, BurnTerm};

pub const BURN: &str = "Burn's cross-entropy";
pub const OURS: &str = "cross-entropy";
pub const SUM: &str = "smoothed cross-entropy + multi-class margin";

const LEARNT: usize = 450;
const BATCH: usize = 50;
const EPOCHS: usize = 12;

#[derive(Module, Debug)]
struct Cnn {
    first: Conv2d,
    second: Conv2d,
    output: Linear,
}

impl Cnn {
    fn new(device: &Device) -> Cnn {
        Cnn {
            first: Conv2dConfig::new([1, 12], [3, 3]).init(device),
            second: Conv2dConfig::new([12, 24], [3, 3]).init(device),
            output: LinearConfig::new(24 * 4 * 4, 10).init(device),
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = relu(self.second.forward(relu(self.first.forward(images))));
        self.output.forward(features.flatten(1, 3))
    }
}

/// Trains a CNN with a loss, and reads the digits that it has not learnt.
pub fn train(loss: &str, seed: u64, device: &Device) -> Result<Trained> {
    let (pixels, labels) = data::digits()?;
    let images = |from: usize, count: usize| {
        Tensor::<4>::from_data(
            TensorData::new(pixels[64 * from..64 * (from + count)].to_vec(), [count, 1, 8, 8]),
            device,
        )
    };
    let burns = CrossEntropyLossConfig::new().init(device);
    let mut model = Cnn::new(device);
    let (mut adam, mut steps) = (AdamConfig::new().init(), Vec::new());
    for epoch in 0..EPOCHS {
        let mut told = None;
        for batch in 0..LEARNT / BATCH {
            // each epoch and seed goes through the batches in its own order
            let from = (batch * 2 + epoch + seed as usize) % (LEARNT / BATCH) * BATCH;
            let (x, t) = (images(from, BATCH), labels[from..from + BATCH].to_vec());
            let t = Tensor::<1, Int>::from_data(TensorData::new(t, [BATCH]), device);
            timed(device, &mut steps, || {
                let logits = model.forward(x);
                let loss = match loss {
                    BURN => burns.forward(logits, t),
                    OURS => CrossEntropy::default().loss((logits, t))?,
                    _ => {
                        let smoothed = CrossEntropy { label_smoothing: 0.1, ..Default::default() };
                        let sum = smoothed.term((&logits, &t)) + 0.2 * MultiMargin::default().term((&logits, &t));
                        let (loss, report) = sum.loss_and_report()?;
                        told = Some(report);
                        loss
                    }
                };
                let gradients = GradientsParams::from_grads(loss.backward(), &model);
                model = adam.step(0.005, model.clone(), gradients);
                Ok(())
            })?;
        }
        // the parts of the sum, as a dashboard would show them
        if let Some(report) = told {
            let parts =
                report.parts()?.into_iter().map(|part| format!("{} {:.3}", part.name, part.sum / part.denominator));
            eprintln!("digits, epoch {epoch}: {}", parts.collect::<Vec<_>>().join(", "));
        }
    }
    let read = classes(model.forward(images(LEARNT, labels.len() - LEARNT)))?;
    let right = read.iter().zip(&labels[LEARNT..]).filter(|(read, label)| **read == i64::from(**label)).count();
    Ok(Trained { score: right as f64 / read.len() as f64, steps })
}
