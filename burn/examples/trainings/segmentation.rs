//! Coins in a photograph that is lit from one corner: a small U-Net is trained on the left half, and segments the coins in
//! the right half.

use crate::data::{Picture, picture};
use crate::{Result, Trained, timed};
use burn::module::Module;
use burn::nn::PaddingConfig2d::Same;
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use wgloss_burn::wgloss::{CrossEntropy, Dice, Observation};
use wgloss_burn::{BurnLoss, BurnTerm};

pub const BURN: &str = "Burn's cross-entropy";
pub const SUM: &str = "cross-entropy + Dice";

const SIDE: usize = 48;
const BATCH: usize = 4;
const STEPS: usize = 120;

#[derive(Module, Debug)]
struct UNet {
    first: Conv2d,
    second: Conv2d,
    bottom: Conv2d,
    up_second: ConvTranspose2d,
    back_second: Conv2d,
    up_first: ConvTranspose2d,
    back_first: Conv2d,
    output: Conv2d,
}

impl UNet {
    fn new(device: &Device) -> UNet {
        let conv = |from, to| Conv2dConfig::new([from, to], [3, 3]).with_padding(Same).init(device);
        let up = |from, to| ConvTranspose2dConfig::new([from, to], [2, 2]).with_stride([2, 2]).init(device);
        UNet {
            first: conv(1, 8),
            second: conv(8, 16),
            bottom: conv(16, 16),
            up_second: up(16, 16),
            back_second: conv(32, 16),
            up_first: up(16, 8),
            back_first: conv(16, 8),
            output: Conv2dConfig::new([8, 2], [1, 1]).init(device),
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let pool = MaxPool2dConfig::new([2, 2]).init();
        let first = relu(self.first.forward(images));
        let second = relu(self.second.forward(pool.forward(first.clone())));
        let bottom = relu(self.bottom.forward(pool.forward(second.clone())));
        let second = relu(self.back_second.forward(Tensor::cat(vec![second, self.up_second.forward(bottom)], 1)));
        let first = relu(self.back_first.forward(Tensor::cat(vec![first, self.up_first.forward(second)], 1)));
        self.output.forward(first)
    }
}

/// Trains a U-Net with a loss on crops of the left half. Returns the intersection over union of the coins in the right
/// half.
pub fn train(loss: &str, seed: u64, device: &Device) -> Result<Trained> {
    let (photograph, mask) = (picture("coins.png")?, picture("coins_mask.png")?);
    let (half, height) = (photograph.width / 2, photograph.levels.len() / photograph.width / 4 * 4);
    let burns = CrossEntropyLossConfig::new().init(device);
    let mut model = UNet::new(device);
    let (mut adam, mut steps) = (AdamConfig::new().init(), Vec::new());
    let mut random = seed;
    for _ in 0..STEPS {
        let mut corner = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((random >> 33) as usize % (half - SIDE), (random >> 13) as usize % (height - SIDE))
        };
        let corners: Vec<_> = (0..BATCH).map(|_| corner()).collect();
        let (x, t) = crops(&photograph, &mask, &corners, [SIDE, SIDE], device);
        timed(device, &mut steps, || {
            let logits = model.forward(x);
            let loss = match loss {
                BURN => {
                    let pixels = BATCH * SIDE * SIDE;
                    burns.forward(logits.permute([0, 2, 3, 1]).reshape([pixels, 2]), t.reshape([pixels]))
                }
                _ => (CrossEntropy::default().term((&logits, &t)) + Dice::default().term((&logits, &t))).loss()?,
            };
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = adam.step(0.01, model.clone(), gradients);
            Ok(())
        })?;
    }
    let (x, t) = crops(&photograph, &mask, &[(half, 0)], [half, height], device);
    let (_, report) = Dice::default().term((model.forward(x), t)).observe(Observation::Iou).loss_and_report()?;
    let coins = report.parts()?.into_iter().find(|part| part.name == "dice.iou.1").ok_or("no such part")?;
    Ok(Trained { score: coins.sum / coins.denominator, steps })
}

/// Crops of the photograph and of the mask. `corners` are their upper left corners `(x, y)`.
fn crops(
    photograph: &Picture,
    mask: &Picture,
    corners: &[(usize, usize)],
    [width, height]: [usize; 2],
    device: &Device,
) -> (Tensor<4>, Tensor<3, Int>) {
    let (mut levels, mut labels) = (Vec::new(), Vec::new());
    for (x, y) in corners {
        for row in *y..y + height {
            let row = row * photograph.width + x..row * photograph.width + x + width;
            levels.extend_from_slice(&photograph.levels[row.clone()]);
            labels.extend(mask.levels[row].iter().map(|level| i32::from(*level > 0.5)));
        }
    }
    let levels = TensorData::new(levels, [corners.len(), 1, height, width]);
    let labels = TensorData::new(labels, [corners.len(), height, width]);
    (Tensor::from_data(levels, device), Tensor::from_data(labels, device))
}
