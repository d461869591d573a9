//! Times losses against Burn's own: the loss and its backward pass, as in a training step. Prints a table.
//!
//! `cargo run --release --example beside_burn`. A number after it says how often each loss is timed.

use burn::nn::loss as theirs;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use std::time::Instant;
use theirs::Reduction;
use wgloss_burn::BurnLoss;
use wgloss_burn::wgloss::{BceWithLogits, CrossEntropy, Huber, Mse, TripletMargin};

fn main() -> Result<(), wgloss_burn::Error> {
    let times = std::env::args().nth(1).and_then(|times| times.parse().ok()).unwrap_or(15);
    let bench = Bench { device: wgloss_burn::init(Device::wgpu_options())?.autodiff(), times };
    println!("| loss, value and gradients | wgloss-burn ms | Burn ms | ratio |\n|---|---|---|---|");
    bench.rows("cross-entropy `[16, 10]`", 16, 10);
    bench.rows("cross-entropy `[512, 32000]`", 512, 32000);
    bench.pixels("cross-entropy `[8, 21, 64, 64]`", [8, 21, 64, 64]);
    bench.elements(1 << 21);
    bench.triplets("triplet margin `[4096, 256]`", [4096, 256]);
    #[cfg(feature = "fusion")]
    bench.call(16, 10);
    Ok(())
}

struct Bench {
    device: Device,
    times: usize,
}

impl Bench {
    fn random<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        let tensor = Tensor::random(shape, Distribution::Normal(0.0, 2.0), &self.device);
        tensor.detach().require_grad()
    }

    fn labels<const D: usize>(&self, shape: [usize; D], classes: usize) -> Tensor<D, Int> {
        let labels: Vec<i32> = (0..shape.iter().product()).map(|i: usize| ((i * 7919) % classes) as i32).collect();
        Tensor::from_data(TensorData::new(labels, shape), &self.device)
    }

    /// Times two losses with their gradients with respect to the tensor `tracked`, one after the other in each round.
    fn compare<const D: usize>(
        &self,
        name: &str,
        tracked: &Tensor<D>,
        ours: impl Fn() -> Tensor<1>,
        theirs: impl Fn() -> Tensor<1>,
    ) {
        let time = |loss: &dyn Fn() -> Tensor<1>| {
            let start = Instant::now();
            let gradients = loss().backward();
            let gradient = tracked.grad(&gradients);
            self.device.sync().expect("the device works");
            drop(gradient);
            1e3 * start.elapsed().as_secs_f64()
        };
        // the first runs compile kernels
        (0..3).for_each(|_| _ = (time(&ours), time(&theirs)));
        let (mut own, mut burn): (Vec<f64>, Vec<f64>) = (0..self.times).map(|_| (time(&ours), time(&theirs))).unzip();
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let (own, burn) = (median(&mut own), median(&mut burn));
        println!("| {name} | {own:.2} | {burn:.2} | {:.1} |", burn / own);
    }

    /// Times only the call on the host, which checks the loss and queues it.
    #[cfg(feature = "fusion")]
    fn call(&self, rows: usize, classes: usize) {
        let (x, t) = (self.random([rows, classes]), self.labels([rows], classes));
        let call = |_| {
            let start = Instant::now();
            let loss = CrossEntropy::default().loss((&x, &t)).expect("it is good");
            let time = start.elapsed();
            self.device.sync().expect("the device works");
            drop(loss);
            1e6 * time.as_secs_f64()
        };
        let mut times: Vec<f64> = (0..300).map(call).collect();
        times.sort_by(f64::total_cmp);
        println!(
            "\na call of cross-entropy `[{rows}, {classes}]` takes the host {:.1} µs, at the tenth percentile",
            times[30]
        );
    }

    fn rows(&self, name: &str, rows: usize, classes: usize) {
        let (x, t) = (self.random([rows, classes]), self.labels([rows], classes));
        let theirs = theirs::CrossEntropyLossConfig::new().init(&self.device);
        let ours = || CrossEntropy::default().loss((&x, &t)).expect("it is good");
        self.compare(name, &x, ours, || theirs.forward(x.clone(), t.clone()));
    }

    fn pixels(&self, name: &str, shape @ [n, c, h, w]: [usize; 4]) {
        let (x, t) = (self.random(shape), self.labels([n, h, w], c));
        let theirs = theirs::CrossEntropyLossConfig::new().init(&self.device);
        let ours = || CrossEntropy::default().loss((&x, &t)).expect("it is good");
        self.compare(name, &x, ours, || {
            let rows = x.clone().permute([0, 2, 3, 1]).reshape([n * h * w, c]);
            theirs.forward(rows, t.clone().reshape([n * h * w]))
        });
    }

    fn elements(&self, count: usize) {
        let (x, t) = (self.random([count]), self.random([count]).inner());
        let name = |loss: &str| format!("{loss} `[{count}]`");
        let theirs = theirs::MseLoss::new();
        let ours = || Mse::default().loss((&x, &t)).expect("it is good");
        let of_burn = Tensor::from_inner(t.clone());
        self.compare(&name("mse"), &x, ours, || theirs.forward(x.clone(), of_burn.clone(), Reduction::Mean));
        let theirs = theirs::HuberLossConfig::new(1.0).init();
        let ours = || Huber { delta: 1.0 }.loss((&x, &t)).expect("it is good");
        self.compare(&name("huber"), &x, ours, || theirs.forward(x.clone(), of_burn.clone(), Reduction::Mean));
        let answers = self.labels([count], 2);
        let floats = answers.clone().float().inner();
        let theirs = theirs::BinaryCrossEntropyLossConfig::new().with_logits(true).init(&self.device);
        let ours = || BceWithLogits::default().loss((&x, &floats)).expect("it is good");
        self.compare(&name("bce with logits"), &x, ours, || theirs.forward(x.clone(), answers.clone()));
    }

    fn triplets(&self, name: &str, shape: [usize; 2]) {
        let [a, p, n] = [0; 3].map(|_| self.random(shape));
        let theirs = theirs::TripletMarginLossConfig::new().init();
        let ours = || TripletMargin::default().loss((&a, &p, &n)).expect("it is good");
        let theirs = || theirs.forward(a.clone(), p.clone(), n.clone(), Reduction::Mean);
        self.compare(name, &a, ours, theirs);
    }
}
