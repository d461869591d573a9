//! Prints how much memory a training step of a language model reserves: `cargo run --example memory -- ours`, or `-- burn`
//! for Burn's own loss.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use wgloss_burn::BurnLoss;
use wgloss_burn::wgloss::CrossEntropy;

const TOKENS: usize = 2048;
const HIDDEN: usize = 32;
const WORDS: usize = 16384;

#[derive(Module, Debug)]
struct Head {
    words: Linear,
}

fn main() -> Result<(), wgloss_burn::Error> {
    let with_burn = match std::env::args().nth(1).as_deref() {
        Some("burn") => true,
        Some("ours") | None => false,
        Some(other) => panic!("`ours` or `burn`, not `{other}`"),
    };
    let device = wgloss_burn::init(Device::wgpu_options())?.autodiff();
    let hidden = Tensor::<2>::random([TOKENS, HIDDEN], Distribution::Normal(0.0, 1.0), &device);
    let next: Vec<i32> = (0..TOKENS).map(|i| ((i * 7919) % WORDS) as i32).collect();
    let next = Tensor::<1, Int>::from_data(TensorData::new(next, [TOKENS]), &device);
    let mut head = Head { words: LinearConfig::new(HIDDEN, WORDS).with_bias(false).init(&device) };
    let mut sgd = SgdConfig::new().init();
    for step in 1..=4 {
        let logits = head.words.forward(hidden.clone());
        let loss = match with_burn {
            true => CrossEntropyLossConfig::new().init(&device).forward(logits, next.clone()),
            false => CrossEntropy::default().loss((logits, &next))?,
        };
        let value = loss.clone().into_scalar::<f32>();
        let gradients = GradientsParams::from_grads(loss.backward(), &head);
        head = sgd.step(0.1, head, gradients);
        device.sync().expect("the device works");
        let reserved = device.memory_pool_usage().expect("wgpu tells").bytes_reserved;
        let logits = 4.0 * (TOKENS * WORDS) as f64;
        println!(
            "step {step}: loss {value:.4}, {:.0} MiB reserved, {:.1} times the logits",
            reserved as f64 / (1 << 20) as f64,
            reserved as f64 / logits
        );
    }
    Ok(())
}
