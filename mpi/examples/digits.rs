//! Data-parallel training on handwritten digits, with gradient accumulation: each rank has some of the images, and runs
//! through them in two batches before each step.
//!
//! `mpirun -n 4 digits` trains a linear classifier, and compares its weights with those that one GPU trains.

mod common;

use common::{near, own};
use flate2::read::GzDecoder;
use std::io::Read;
use wgloss_mpi::Spread::Batch;
use wgloss_mpi::wgloss::{Extra, Gpu, LinearCrossEntropy, Reduction, Tensor};
use wgloss_mpi::{Comm, Spreads};

const PIXELS: usize = 64;
const CLASSES: usize = 10;
const IMAGES: usize = 1797;
const STEPS: usize = 12;
const RATE: f32 = 1.0;

type Failure = Box<dyn std::error::Error>;

/// Returns the images, with levels from 0 to 1, and their labels. Each line of the file has 64 levels from 0 to 16, then
/// the digit.
fn digits() -> Result<(Vec<f32>, Vec<u8>), Failure> {
    let mut text = String::new();
    GzDecoder::new(&include_bytes!("../../cli/data/digits.csv.gz")[..]).read_to_string(&mut text)?;
    let numbers: Vec<u8> = text.split([',', '\n']).filter_map(|number| number.trim().parse().ok()).collect();
    let rows = || numbers.chunks_exact(PIXELS + 1);
    let images = rows().flat_map(|row| &row[..PIXELS]).map(|&level| f32::from(level) / 16.0).collect();
    Ok((images, rows().map(|row| row[PIXELS]).collect()))
}

/// A linear classifier: a row of weights for each class, and its biases.
struct Classifier {
    weights: Vec<f32>,
    biases: Vec<f32>,
}

impl Classifier {
    fn on(&self, gpu: &Gpu) -> Result<[Tensor; 2], Failure> {
        Ok([gpu.upload(&self.weights, [CLASSES, PIXELS])?, gpu.upload(&self.biases, [CLASSES])?])
    }

    fn step(&mut self, gradients: &[f32]) {
        let numbers = self.weights.iter_mut().chain(&mut self.biases);
        numbers.zip(gradients).for_each(|(x, d)| *x -= RATE * d);
    }
}

fn main() -> Result<(), Failure> {
    let comm = Comm::start(Gpu::new()?)?;
    let gpu = comm.gpu();
    let (images, labels) = digits()?;
    assert_eq!(labels.len(), IMAGES);
    let of = |range: std::ops::Range<usize>| -> Result<[Tensor; 2], Failure> {
        let images = gpu.upload(&images[range.start * PIXELS..range.end * PIXELS], [range.len(), PIXELS])?;
        Ok([images, gpu.upload(&labels[range.clone()], [range.len()])?])
    };
    let rows = own(&comm, IMAGES);
    let middle = (rows.start + rows.end) / 2;
    let batches = [of(rows.start..middle)?, of(middle..rows.end)?];
    let whole = of(0..IMAGES)?;
    let new = || Classifier { weights: vec![0.0; CLASSES * PIXELS], biases: vec![0.0; CLASSES] };
    let (mut parallel, mut alone) = (new(), new());
    let loss = LinearCrossEntropy::default();

    let mut losses = Vec::new();
    for step in 0..STEPS {
        let [w, b] = parallel.on(gpu)?;
        let (mut value, mut gradients) = (0.0, vec![0.0; CLASSES * PIXELS + CLASSES]);
        for [x, t] in &batches {
            // each batch of each rank gives one summand of the mean over all images
            let term = loss.of(x, &w, t).with(Extra::Bias, &b).reduce(Reduction::Sum).divide_by(IMAGES as f32);
            let (outcome, [dw, db]) = comm.gradients(&term.spread(Batch), [&w, &b])?;
            value += outcome.loss();
            let own = [dw.read().wait()?.to_f32(), db.read().wait()?.to_f32()].concat();
            gradients.iter_mut().zip(own).for_each(|(sum, d)| *sum += d);
        }
        // the gradients of the weights are added up over the ranks once a step, not once a batch
        comm.sum(&mut gradients)?;
        parallel.step(&gradients);

        let [w, b] = alone.on(gpu)?;
        let (outcome, [dw, db]) = gpu.gradients(&loss.of(&whole[0], &w, &whole[1]).with(Extra::Bias, &b), [&w, &b])?;
        let want = outcome.loss().wait()?;
        alone.step(&[dw.read().wait()?.to_f32(), db.read().wait()?.to_f32()].concat());
        near(&[value as f32], &[want]);
        let off = near(&parallel.weights, &alone.weights);
        if comm.rank() == 0 {
            println!("step {step}: loss {value:.6}, on one GPU {want:.6}; weights differ by {off:.1e}");
        }
        losses.push(value);
    }
    assert!(losses[STEPS - 1] < 0.5 * losses[0], "the loss falls: {losses:?}");
    Ok(())
}
