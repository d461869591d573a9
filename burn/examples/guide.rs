//! Ten programs as in tutorials: a model, its loss, `loss.backward()`. Each trains on a little made-up data until its loss
//! has halved, and prints so. `cargo test` runs them too.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use wgloss_burn::wgloss::{BceWithLogits, CrossEntropy, Extra, Huber, MultiMargin, SigmoidFocal};
use wgloss_burn::{BurnLoss, BurnTerm, Operand};

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> Done {
    let device = wgloss_burn::init(Device::wgpu_options())?.autodiff();
    classify_images(&device)?;
    predict_from_a_table(&device)?;
    classify_sequences(&device)?;
    answer_yes_or_no(&device)?;
    find_all_labels(&device)?;
    label_tokens_beside_padding(&device)?;
    weigh_rare_classes(&device)?;
    find_the_rare_positive(&device)?;
    smooth_labels(&device)?;
    keep_a_margin(&device)
}

/// 1. A small CNN for images, with cross-entropy.
fn classify_images(device: &Device) -> Done {
    let (images, labels) = striped_images(device);
    let mut model = Cnn::new(3, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("classify images"));
    while training.goes_on() {
        let loss = CrossEntropy::default().loss((model.forward(images.clone()), &labels))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.01, model, gradients);
    }
    Ok(())
}

/// 2. An MLP that predicts a number from a row of a table. The Huber loss is robust against outliers.
fn predict_from_a_table(device: &Device) -> Done {
    let rows = noise([64, 4], device);
    let prices = rows.clone().slice([0..64, 0..1]) * 3.0 - rows.clone().slice([0..64, 2..3]) + 1.0;
    let mut model = Mlp::new(4, 1, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("predict from a table"));
    while training.goes_on() {
        let loss = Huber { delta: 1.0 }.loss((model.forward(rows.clone()), &prices))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.01, model, gradients);
    }
    Ok(())
}

/// 3. A transformer encoder for sequences of tokens, with the cross-entropy of one class for each sequence.
fn classify_sequences(device: &Device) -> Done {
    let tokens = ints([16, 8], |i| (i * 7 + i / 8) % 10, device);
    let labels = ints([16], |i| (i * 56 + i) % 10 / 5, device);
    let mut model = Encoder::new(10, 2, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("classify sequences"));
    while training.goes_on() {
        // the logits of a sequence are the mean over its tokens
        let logits = model.forward(tokens.clone()).mean_dim(1).squeeze_dim::<2>(1);
        let loss = CrossEntropy::default().loss((logits, &labels))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.005, model, gradients);
    }
    Ok(())
}

/// 4. A CNN with one logit, with binary cross-entropy. The sigmoid is part of the loss.
fn answer_yes_or_no(device: &Device) -> Done {
    let (images, labels) = striped_images(device);
    let has_stripes = labels.lower_elem(2).float().reshape([30, 1]);
    let mut model = Cnn::new(1, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("answer yes or no"));
    while training.goes_on() {
        let loss = BceWithLogits::default().loss((model.forward(images.clone()), &has_stripes))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.01, model, gradients);
    }
    Ok(())
}

/// 5. Several labels at once, without and with a weight for the positive targets.
fn find_all_labels(device: &Device) -> Done {
    let rows = noise([64, 4], device);
    let answers = rows.clone().greater_elem(0.5).float();
    for pos_weight in [1.0, 3.0] {
        let pos_weight = Operand::from(Tensor::<1>::full([4], pos_weight, device));
        let mut model = Mlp::new(4, 4, device);
        let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("find all labels"));
        while training.goes_on() {
            let term = BceWithLogits::default().term((model.forward(rows.clone()), &answers));
            let loss = term.with(Extra::PosWeight, &pos_weight).loss()?;
            training.note(&loss)?;
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = adam.step(0.02, model, gradients);
        }
    }
    Ok(())
}

/// 6. A class for each token of padded sequences. Padding has the label −100, and is ignored.
fn label_tokens_beside_padding(device: &Device) -> Done {
    let tokens = ints([8, 6], |i| (i * 11) % 10, device);
    let labels = ints([8, 6], |i| if i % 6 > 3 { -100 } else { (i * 11) % 10 / 4 }, device);
    let mut model = Encoder::new(10, 3, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("label tokens beside padding"));
    while training.goes_on() {
        // [batch, tokens, classes]: the classes lie last
        let logits = Operand::from(model.forward(tokens.clone())).class_axis_last();
        let loss = CrossEntropy { ignore_index: -100, ..Default::default() }.loss((logits, &labels))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.005, model, gradients);
    }
    Ok(())
}

/// 7. Some classes are rare: the weight of a class is the inverse of its frequency.
fn weigh_rare_classes(device: &Device) -> Done {
    let rows = noise([64, 4], device);
    let labels = rows.clone().slice([0..64, 0..1]).greater_elem(0.8).int().reshape([64]);
    let weights = Operand::from(Tensor::<1>::from_floats([0.55, 5.0], device));
    let mut model = Mlp::new(4, 2, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("weigh rare classes"));
    while training.goes_on() {
        let term = CrossEntropy::default().term((model.forward(rows.clone()), &labels));
        let loss = term.with(Extra::Weight, &weights).loss()?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.02, model, gradients);
    }
    Ok(())
}

/// 8. A few positives among many negatives: the focal loss gives easy examples little weight.
fn find_the_rare_positive(device: &Device) -> Done {
    let rows = noise([256, 4], device);
    let answers = rows.clone().slice([0..256, 0..1]).greater_elem(0.97).float();
    let mut model = Mlp::new(4, 1, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("find the rare positive"));
    while training.goes_on() {
        let loss = SigmoidFocal::default().loss((model.forward(rows.clone()), &answers))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.01, model, gradients);
    }
    Ok(())
}

/// 9. Label smoothing, for labels that may be wrong.
fn smooth_labels(device: &Device) -> Done {
    let (images, labels) = striped_images(device);
    let mut model = Cnn::new(3, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("smooth labels"));
    while training.goes_on() {
        let loss = CrossEntropy { label_smoothing: 0.1, ..Default::default() };
        let loss = loss.loss((model.forward(images.clone()), &labels))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.01, model, gradients);
    }
    Ok(())
}

/// 10. Scores instead of probabilities: the right class has to be ahead of the others by a margin.
fn keep_a_margin(device: &Device) -> Done {
    let (images, labels) = striped_images(device);
    let mut model = Cnn::new(3, device);
    let (mut adam, mut training) = (AdamConfig::new().init(), Training::of("keep a margin"));
    while training.goes_on() {
        let loss = MultiMargin::default().loss((model.forward(images.clone()), &labels))?;
        training.note(&loss)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.01, model, gradients);
    }
    Ok(())
}

#[derive(Module, Debug)]
struct Cnn {
    first: Conv2d,
    second: Conv2d,
    output: Linear,
}

impl Cnn {
    fn new(classes: usize, device: &Device) -> Cnn {
        Cnn {
            first: Conv2dConfig::new([1, 6], [3, 3]).init(device),
            second: Conv2dConfig::new([6, 12], [3, 3]).init(device),
            output: LinearConfig::new(12 * 4 * 4, classes).init(device),
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = relu(self.second.forward(relu(self.first.forward(images))));
        self.output.forward(features.flatten(1, 3))
    }
}

#[derive(Module, Debug)]
struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    fn new(features: usize, outputs: usize, device: &Device) -> Mlp {
        Mlp {
            hidden: LinearConfig::new(features, 32).init(device),
            output: LinearConfig::new(32, outputs).init(device),
        }
    }

    fn forward(&self, rows: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(rows)))
    }
}

#[derive(Module, Debug)]
struct Encoder {
    embedding: Embedding,
    encoder: TransformerEncoder,
    output: Linear,
}

impl Encoder {
    fn new(words: usize, classes: usize, device: &Device) -> Encoder {
        Encoder {
            embedding: EmbeddingConfig::new(words, 16).init(device),
            encoder: TransformerEncoderConfig::new(16, 32, 2, 1).with_dropout(0.0).init(device),
            output: LinearConfig::new(16, classes).init(device),
        }
    }

    /// `[batch, tokens]` to `[batch, tokens, classes]`.
    fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let embedded = self.embedding.forward(tokens);
        self.output.forward(self.encoder.forward(TransformerEncoderInput::new(embedded)))
    }
}

/// The progress of a training, which ends when the loss has halved.
struct Training {
    name: &'static str,
    steps: usize,
    first: f32,
    last: f32,
}

impl Training {
    fn of(name: &'static str) -> Training {
        Training { name, steps: 0, first: 1.0, last: 1.0 }
    }

    fn goes_on(&self) -> bool {
        let goes_on = self.last > self.first / 2.0;
        if !goes_on {
            println!("{}: the loss fell from {:.3} to {:.3} in {} steps", self.name, self.first, self.last, self.steps);
        }
        goes_on
    }

    fn note(&mut self, loss: &Tensor<1>) -> Done {
        self.last = loss.clone().into_scalar::<f32>();
        if self.steps == 0 {
            self.first = self.last;
        }
        self.steps += 1;
        if self.steps > 400 {
            Err(format!("{}: still {} after 400 steps", self.name, self.last).into())
        } else {
            Ok(())
        }
    }
}

/// Thirty images of 8 × 8 pixels: stripes along one axis, stripes along the other, and noise.
fn striped_images(device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
    let pixel = |i: usize| {
        let (image, row, column) = (i / 64, i / 8 % 8, i % 8);
        let along = [row, column, 0][image % 3];
        (along % 2) as f32 + 0.3 * random(i)
    };
    let images: Vec<f32> = (0..30 * 64).map(pixel).collect();
    (Tensor::from_data(TensorData::new(images, [30, 1, 8, 8]), device), ints([30], |i| i % 3, device))
}

/// Integers as a function of their index.
fn ints<const D: usize>(shape: [usize; D], value: impl Fn(i32) -> i32, device: &Device) -> Tensor<D, Int> {
    let values: Vec<i32> = (0..shape.iter().product::<usize>() as i32).map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Numbers from −1 to 1, the same in every run.
fn noise<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let numbers: Vec<f32> = (0..shape.iter().product()).map(random).collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn random(place: usize) -> f32 {
    let mixed = (place as u32).wrapping_mul(2_654_435_761) ^ 0x9e37_79b9;
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
    (mixed >> 8) as f32 / (1u32 << 23) as f32 - 1.0
}
