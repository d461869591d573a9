//! Handwritten digits of 8 × 8 pixels: a small CNN learns a quarter of them with Burn's `Learner`, and classifies the
//! others.

use crate::dashboard::{Part, Step};
use crate::data::{self, Digit};
use crate::{Result, Trained, classes};
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::AdamConfig;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{ClassificationOutput, InferenceStep, Learner, LearnerSummary, SupervisedTraining};
use burn::train::{TrainOutput, TrainStep};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use wgloss_burn::wgloss::{CrossEntropy, MultiMargin};
use wgloss_burn::{BurnLoss, BurnTerm};

pub const BURN: &str = "Burn's cross-entropy";
pub const OURS: &str = "cross-entropy";
pub const SUM: &str = "smoothed cross-entropy + multi-class margin";

const LEARNT: usize = 450;
const BATCH: usize = 50;
const EPOCHS: usize = 12;

/// The parts of the sum, by the ids of their losses.
const PARTS: [&str; 2] = ["cross_entropy", "multi_margin"];

#[derive(Module, Debug)]
struct Cnn {
    first: Conv2d,
    second: Conv2d,
    output: Linear,
    #[module(skip)]
    loss: String,
}

impl Cnn {
    fn new(loss: &str, device: &Device) -> Cnn {
        Cnn {
            first: Conv2dConfig::new([1, 12], [3, 3]).init(device),
            second: Conv2dConfig::new([12, 24], [3, 3]).init(device),
            output: LinearConfig::new(24 * 4 * 4, 10).init(device),
            loss: loss.to_owned(),
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = relu(self.second.forward(relu(self.first.forward(images))));
        self.output.forward(features.flatten(1, 3))
    }

    fn loss(&self, Batch { images, labels: t }: Batch) -> wgloss_burn::Result<Step> {
        let logits = self.forward(images);
        let (loss, report) = match self.loss.as_str() {
            BURN => (CrossEntropyLossConfig::new().init(&t.device()).forward(logits.clone(), t.clone()), None),
            OURS => (CrossEntropy::default().loss((&logits, &t))?, None),
            _ => {
                let smoothed = CrossEntropy { label_smoothing: 0.1, ..Default::default() };
                let sum = smoothed.term((&logits, &t)) + 0.2 * MultiMargin::default().term((&logits, &t));
                let (loss, report) = sum.loss_and_report()?;
                (loss, Some(report))
            }
        };
        Ok(Step { output: ClassificationOutput::new(loss, logits, t), report })
    }
}

impl TrainStep for Cnn {
    type Input = Batch;
    type Output = Step;

    fn step(&self, batch: Batch) -> TrainOutput<Step> {
        let step = self.loss(batch).unwrap_or_else(|error| panic!("{error}"));
        TrainOutput::new(self, step.output.loss.backward(), step)
    }
}

impl InferenceStep for Cnn {
    type Input = Batch;
    type Output = Step;

    fn step(&self, batch: Batch) -> Step {
        self.loss(batch).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Trains a CNN with a loss, and classifies the digits that it was not trained on.
pub fn train(loss: &str, seed: u64, device: &Device) -> Result<Trained> {
    let mut learnt = data::digits()?;
    let others = learnt.split_off(LEARNT);
    let (batches, of_others) = (Batches::default(), Batches::default());
    let begun = batches.begun.clone();
    let folder = std::env::temp_dir().join(format!("wgloss-digits-{}", std::process::id()));
    let training = SupervisedTraining::<Cnn>::new(
        &folder,
        batches.loader(BATCH, learnt, Some(seed)),
        of_others.loader(LEARNT, others.clone(), None),
    );
    let training = training.num_epochs(EPOCHS).metrics((AccuracyMetric::new(), LossMetric::new())).summary();
    let [first, second] = PARTS.map(Part::new);
    let training = if loss == SUM { training.metrics((first, second)) } else { training };
    let trained = training.launch(Learner::new(Cnn::new(loss, device), AdamConfig::new().init(), 0.005));
    if let Some(error) = trained.error {
        return Err(error.to_string().into());
    }
    let parts: &[&str] = if loss == SUM { &PARTS } else { &[] };
    let told = LearnerSummary::new(&folder, parts)?;
    std::fs::remove_dir_all(&folder)?;
    for part in told.metrics.train {
        let means: Vec<f64> = part.entries.iter().map(|epoch| epoch.value).collect();
        assert!(means.len() == EPOCHS && means[EPOCHS - 1] < means[0], "{} falls: {means:?}", part.name);
    }

    let all = Batches::default().batch(others.clone(), &device.clone().inner());
    let read = classes(trained.model.forward(all.images))?;
    let right = read.iter().zip(&others).filter(|(read, digit)| **read == i64::from(digit.label)).count();
    let begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
    let steps = begun.windows(2).map(|step| 1e3 * (step[1] - step[0]).as_secs_f64()).collect();
    Ok(Trained { score: right as f64 / read.len() as f64, steps })
}

#[derive(Clone, Debug)]
struct Batch {
    images: Tensor<4>,
    labels: Tensor<1, Int>,
}

/// Joins digits to batches.
#[derive(Default)]
struct Batches {
    /// When each batch was asked for, after the device had computed the step before. One step of each epoch includes the
    /// validation on the other digits.
    begun: Arc<Mutex<Vec<Instant>>>,
}

impl Batches {
    fn loader(self, size: usize, digits: Vec<Digit>, shuffled: Option<u64>) -> Arc<dyn DataLoader<Batch>> {
        let loader = DataLoaderBuilder::new(self).batch_size(size);
        let loader = shuffled.into_iter().fold(loader, DataLoaderBuilder::shuffle);
        loader.build(InMemDataset::new(digits))
    }
}

impl Batcher<Digit, Batch> for Batches {
    fn batch(&self, digits: Vec<Digit>, device: &Device) -> Batch {
        device.sync().unwrap_or_else(|error| panic!("{error}"));
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        let pixels = digits.iter().flat_map(|digit| digit.pixels.clone()).collect();
        let labels = digits.iter().map(|digit| digit.label).collect::<Vec<i32>>();
        Batch {
            images: Tensor::from_data(TensorData::new::<f32, _>(pixels, [digits.len(), 1, 8, 8]), device),
            labels: Tensor::from_data(TensorData::new(labels, [digits.len()]), device),
        }
    }
}
