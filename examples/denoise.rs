//! Removes noise from a photograph with a tiny diffusion model: a convolution for each noise level.
//!
//! A diffusion model gets a picture mixed with noise, `√ᾱ·picture + √(1 − ᾱ)·noise`, and has to separate the two. ᾱ is
//! the share of the picture, and falls from 1 to 0 over the timesteps. This model predicts the velocity `v = √ᾱ·noise −
//! √(1 − ᾱ)·picture`; then the picture is `√ᾱ·input − √(1 − ᾱ)·v`. Its convolutions have 9 x 9 weights each, and run in
//! plain Rust on the CPU. The loss is wgloss's `Diffusion` on the GPU: it looks ᾱ up by timestep, builds the target
//! inside the kernel, and weights every item by its signal-to-noise ratio. Every fiftieth step is compared with the CPU
//! twin.
//!
//! The part of the photograph that is shown is not used for training.
//!
//! Run it with `cargo run --release --example denoise`. It draws `out/denoise.png`.

mod common;

use common::{GAP, Photograph, TITLE, key, save, title};
use std::error::Error;
use std::ops::Range;
use wgloss::{Array, Diffusion, Extra, Gpu, Gradient, Operand, Outputs, PredictionType, SnrWeighting, Term, cpu};
use wgloss_chart::{Axis, Colour, Curve, Picture, Plot, Stroke};

/// The timesteps of the noise schedule, and the number of convolutions. A timestep between two convolutions mixes them.
const TIMESTEPS: usize = 100;
const LEVELS: usize = 10;
/// How far a convolution reaches around a pixel. It has 9 x 9 weights, and one more for a constant.
const REACH: usize = 4;
const SIDE: usize = 2 * REACH + 1;
const WEIGHTS: usize = SIDE * SIDE + 1;

/// The patches in a batch, and the side in pixels of the part of a patch that is predicted.
const BATCH: usize = 60;
const PATCH: usize = 24;
const STEPS: usize = 400;
const RATE: f32 = 0.02;

/// The columns and rows around the photographer, which are shown and judged. No training patch overlaps them.
const SHOWN: [Range<usize>; 2] = [120..376, 50..306];

/// ᾱ at a timestep: the cosine schedule of Nichol & Dhariwal, 2021.
fn alpha_bar(timestep: usize) -> f32 {
    let share = (timestep as f32 + 0.8) / (TIMESTEPS as f32 + 0.8);
    (share * std::f32::consts::FRAC_PI_2).cos().powi(2)
}

/// The loss of a batch, for the GPU and for the CPU.
fn term<T: Operand>([prediction, noise, timesteps, alphas_cumprod, sample]: [&T; 5]) -> Term<T> {
    let diffusion = Diffusion {
        prediction_type: PredictionType::VPrediction,
        weighting: SnrWeighting::MinSnr,
        ..Default::default()
    };
    diffusion.of(prediction, noise, timesteps, alphas_cumprod).with(Extra::Sample, sample)
}

fn main() -> Result<(), Box<dyn Error>> {
    let photograph = Photograph::load("camera.png")?;
    let width = photograph.width;
    // Diffusion models use grey levels from -1 to 1, so that picture and noise have similar magnitudes.
    let clean: Vec<f32> = photograph.pixels.iter().map(|level| 2.0 * level - 1.0).collect();

    let (model, losses) = train(&clean, width, photograph.height)?;
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&losses[..20]), mean(&losses[STEPS - 100..]));
    println!("loss {first:.4} -> {last:.4} (means of the first 20 and the last 100 steps)");
    assert!(last < 0.25 * first);

    // Denoise the held-out part with new noise: light, medium and heavy. A linear filter, as this model is, gains at least
    // these decibels; the heavier the noise, the more.
    let examples = [10, 30, 50].map(|timestep| Restored::new(&model, &clean, width, timestep));
    println!("{:>8} {:>14} {:>14}", "timestep", "noisy, dB", "denoised, dB");
    for (restored, gain) in examples.iter().zip([3.0, 8.0, 11.0]) {
        let [before, after] = restored.decibels;
        println!("{:>8} {before:>14.2} {after:>14.2}", restored.timestep);
        assert!(after > before + gain, "timestep {}: {before} dB became {after} dB", restored.timestep);
    }
    println!("{}", save(&draw(&model, &losses, &clean, width, &examples), "denoise.png")?.display());
    Ok(())
}

/// For each noise level, the weights of a 9 x 9 neighbourhood and of a constant.
struct Model {
    weights: Vec<f32>,
}

impl Model {
    /// The two levels around a timestep, and their shares in its weights.
    fn levels(timestep: usize) -> [(usize, f32); 2] {
        let position = (timestep * (LEVELS - 1)) as f32 / (TIMESTEPS - 1) as f32;
        let lower = (position as usize).min(LEVELS - 2);
        let share = position - lower as f32;
        [(lower, 1.0 - share), (lower + 1, share)]
    }

    fn weights(&self, timestep: usize) -> Vec<f32> {
        let [(a, share_a), (b, share_b)] = Model::levels(timestep);
        (0..WEIGHTS)
            .map(|k| share_a * self.weights[a * WEIGHTS + k] + share_b * self.weights[b * WEIGHTS + k])
            .collect()
    }

    /// The predicted velocity of the pixels that have all their neighbours.
    fn predict(&self, input: &[f32], width: usize, timestep: usize) -> Vec<f32> {
        let weights = self.weights(timestep);
        let inner = width - 2 * REACH;
        let mut output = vec![weights[SIDE * SIDE]; inner * (input.len() / width - 2 * REACH)];
        for (y, output) in output.chunks_mut(inner).enumerate() {
            for (k, weight) in weights[..SIDE * SIDE].iter().enumerate() {
                let seen = &input[(y + k / SIDE) * width + k % SIDE..][..inner];
                output.iter_mut().zip(seen).for_each(|(v, x)| *v += weight * x);
            }
        }
        output
    }

    /// The backward pass of `predict` for a patch: adds to the gradient of the weights, given the gradient `slope` of
    /// the output.
    fn backward(input: &[f32], timestep: usize, slope: &[f32], gradient: &mut [f32]) {
        let mut add = |k: usize, slope: f32| {
            for (level, share) in Model::levels(timestep) {
                gradient[level * WEIGHTS + k] += share * slope;
            }
        };
        for k in 0..SIDE * SIDE {
            // one sum for each column, so that the CPU can add eight at a time
            let mut sums = [0.0; PATCH];
            for (y, slope) in slope.chunks(PATCH).enumerate() {
                let seen = &input[(y + k / SIDE) * Batch::INPUT + k % SIDE..];
                sums.iter_mut().zip(seen).zip(slope).for_each(|((sum, x), slope)| *sum += x * slope);
            }
            add(k, sums.iter().sum());
        }
        add(SIDE * SIDE, slope.iter().sum());
    }

    /// Estimates the clean picture. A border as wide as the convolution's reach stays noisy.
    fn denoise(&self, noisy: &[f32], width: usize, timestep: usize) -> Vec<f32> {
        let (signal, noise) = (alpha_bar(timestep).sqrt(), (1.0 - alpha_bar(timestep)).sqrt());
        let mut picture: Vec<f32> = noisy.iter().map(|x| signal * x).collect();
        for (y, velocity) in self.predict(noisy, width, timestep).chunks(width - 2 * REACH).enumerate() {
            let row = &mut picture[(y + REACH) * width + REACH..];
            row.iter_mut().zip(velocity).for_each(|(x, v)| *x -= noise * v);
        }
        picture
    }
}

/// Trains on random patches at random timesteps. Returns the model and the loss of each step.
fn train(clean: &[f32], width: usize, height: usize) -> Result<(Model, Vec<f32>), Box<dyn Error>> {
    let gpu = Gpu::new()?;
    let shape = [BATCH, PATCH, PATCH];
    let alphas_cumprod: Vec<f32> = (0..TIMESTEPS).map(alpha_bar).collect();

    // The tensors of a batch and their job are made once. Each step writes new data into the tensors.
    let (prediction, noise, sample) = (gpu.empty(shape)?, gpu.empty(shape)?, gpu.empty(shape)?);
    let timesteps = gpu.upload(&[0i32; BATCH], [BATCH])?;
    let table = gpu.upload(&alphas_cumprod, [TIMESTEPS])?;
    let gradient = gpu.empty(shape)?;
    let outputs = Outputs { gradients: vec![Gradient::store(&prediction, &gradient)], ..Default::default() };
    let job = gpu.prepare(&term([&prediction, &noise, &timesteps, &table, &sample]), &outputs)?;

    let mut random = Random(1);
    let mut model = Model { weights: vec![0.0; LEVELS * WEIGHTS] };
    let (mut mean, mut square) = (vec![0.0; model.weights.len()], vec![0.0; model.weights.len()]);
    let mut losses = Vec::new();
    for step in 0..STEPS {
        let batch = Batch::draw(clean, width, height, &mut random);
        let inputs = || batch.inputs.chunks(Batch::INPUT * Batch::INPUT).zip(&batch.timesteps);
        let predicted: Vec<f32> =
            inputs().flat_map(|(input, &timestep)| model.predict(input, Batch::INPUT, timestep as usize)).collect();

        prediction.write(&predicted)?;
        noise.write(&batch.noise)?;
        sample.write(&batch.sample)?;
        timesteps.write(&batch.timesteps)?;
        let (loss, slope) = (job.run()?.loss(), gradient.read());
        let (loss, slope) = (loss.wait()?, slope.wait()?.to_f32());
        losses.push(loss);

        if step % 50 == 0 {
            let of = |numbers: &[f32]| Array::new(numbers, shape);
            let (prediction, noise, sample) = (of(&predicted)?, of(&batch.noise)?, of(&batch.sample)?);
            let (timesteps, table) =
                (Array::new(&batch.timesteps, [BATCH])?, Array::new(&alphas_cumprod, [TIMESTEPS])?);
            let term = term([&prediction, &noise, &timesteps, &table, &sample]);
            let (twin, [twin_slope]) = cpu::gradients(&term, [&prediction])?;
            // A dozen roundings of 6e-8, two square roots (less exact in WGSL) and a tree of sums give errors near 1e-6
            // of the largest number. 5e-6 leaves room for other GPUs; a wrong target would be far off.
            let twin_slope = twin_slope.to_f64();
            let largest = twin_slope.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
            assert!((f64::from(loss) - twin.loss()?).abs() < 5e-6 * twin.loss()?);
            assert!(slope.iter().zip(&twin_slope).all(|(ours, twin)| (f64::from(*ours) - twin).abs() < 5e-6 * largest));
        }

        let mut gradient = vec![0.0; model.weights.len()];
        for ((input, &timestep), slope) in inputs().zip(slope.chunks(PATCH * PATCH)) {
            Model::backward(input, timestep as usize, slope, &mut gradient);
        }
        // Adam (Kingma & Ba, 2015), with steps that shrink to zero. It scales each weight's step, so that the
        // convolutions for heavy noise learn too, although their items have little weight in the loss.
        let rate = RATE * (1.0 - step as f32 / STEPS as f32);
        let [correction, square_correction] = [0.9f32, 0.99].map(|decay| 1.0 - decay.powi(step as i32 + 1));
        for (k, slope) in gradient.into_iter().enumerate() {
            mean[k] += 0.1 * (slope - mean[k]);
            square[k] += 0.01 * (slope * slope - square[k]);
            model.weights[k] -= rate * mean[k] / correction / ((square[k] / square_correction).sqrt() + 1e-8);
        }
    }
    Ok((model, losses))
}

/// Patches mixed with noise, and the clean patches and the noise.
struct Batch {
    timesteps: Vec<i32>,
    /// The mixtures, with the borders that the convolution needs.
    inputs: Vec<f32>,
    /// The noise and the clean picture, without borders.
    noise: Vec<f32>,
    sample: Vec<f32>,
}

impl Batch {
    /// The pixels along a side of an input.
    const INPUT: usize = PATCH + 2 * REACH;

    fn draw(clean: &[f32], width: usize, height: usize, random: &mut Random) -> Batch {
        let mut batch = Batch { timesteps: Vec::new(), inputs: Vec::new(), noise: Vec::new(), sample: Vec::new() };
        while batch.timesteps.len() < BATCH {
            let (left, top) = (random.below(width - Batch::INPUT), random.below(height - Batch::INPUT));
            let meets = |range: &Range<usize>, start: usize| start < range.end && range.start < start + Batch::INPUT;
            if meets(&SHOWN[0], left) && meets(&SHOWN[1], top) {
                continue;
            }
            let timestep = random.below(TIMESTEPS);
            let (signal, spread) = (alpha_bar(timestep).sqrt(), (1.0 - alpha_bar(timestep)).sqrt());
            batch.timesteps.push(timestep as i32);
            for (y, x) in (0..Batch::INPUT).flat_map(|y| (0..Batch::INPUT).map(move |x| (y, x))) {
                let (sample, noise) = (clean[(top + y) * width + left + x], random.normal());
                batch.inputs.push(signal * sample + spread * noise);
                if [x, y].iter().all(|place| (REACH..REACH + PATCH).contains(place)) {
                    batch.noise.push(noise);
                    batch.sample.push(sample);
                }
            }
        }
        batch
    }
}

/// The photograph with noise, and after the model removed it.
struct Restored {
    timestep: usize,
    noisy: Vec<f32>,
    denoised: Vec<f32>,
    /// The peak signal-to-noise ratio of both over the shown part. The peak is 2, the distance from black to white.
    decibels: [f32; 2],
}

impl Restored {
    fn new(model: &Model, clean: &[f32], width: usize, timestep: usize) -> Restored {
        let mut random = Random(1 + timestep as u64);
        let (signal, spread) = (alpha_bar(timestep).sqrt(), (1.0 - alpha_bar(timestep)).sqrt());
        let mixed: Vec<f32> = clean.iter().map(|x| signal * x + spread * random.normal()).collect();
        let noisy: Vec<f32> = mixed.iter().map(|x| x / signal).collect();
        let denoised = model.denoise(&mixed, width, timestep);
        let pixels = || SHOWN[1].clone().flat_map(|y| SHOWN[0].clone().map(move |x| y * width + x));
        let decibels = [&noisy, &denoised].map(|picture| {
            let error = pixels().map(|i| (picture[i] - clean[i]).powi(2)).sum::<f32>() / pixels().count() as f32;
            10.0 * (4.0 / error).log10()
        });
        Restored { timestep, noisy, denoised, decibels }
    }
}

/// The colours of the picture: of the loss, of what the model made, of what it was given, and of filters.
const LOSS: Colour = Colour::hex(0x1769aa);
const DENOISED: Colour = Colour::hex(0x1b8a5a);
const NOISY: Colour = Colour::hex(0x7b848d);
const POSITIVE: Colour = Colour::hex(0x212529);
const NEGATIVE: Colour = Colour::hex(0xd6006e);

/// Draws the clean, noisy and denoised pictures, the filters, and two plots.
fn draw(model: &Model, losses: &[f32], clean: &[f32], width: usize, examples: &[Restored]) -> Picture {
    let mut picture = Picture::new(1104, 920);
    let size = SHOWN.map(|range| range.len());
    let mut panel = |column: usize, row: usize, plane: &[f32]| {
        let [left, top] = place(column, row);
        picture.image([left, top + TITLE], size, 1.0, |x, y| {
            Colour::grey(0.5 + 0.5 * plane[(y + SHOWN[1].start) * width + x + SHOWN[0].start])
        });
    };
    panel(0, 0, clean);
    for (column, restored) in (1..).zip(examples) {
        panel(column, 0, &restored.noisy);
        panel(column, 1, &restored.denoised);
    }
    let above = |column: usize, row: usize| [place(column, row)[0], place(column, row)[1] + 8.0];
    title(&mut picture, above(0, 0), "Clean");
    for (column, restored) in (1..).zip(examples) {
        let [before, after] = restored.decibels.map(|decibels| format!("{decibels:.1} dB"));
        key(&mut picture, above(column, 0), NOISY, &format!("Noisy: {before}"));
        key(&mut picture, above(column, 1), DENOISED, &format!("Denoised: {after}"));
    }
    filters(&mut picture, model);
    plots(&mut picture, model, losses, clean, width);
    picture
}

/// The upper left corner of a panel.
fn place(column: usize, row: usize) -> [f64; 2] {
    let [wide, high] = SHOWN.map(|range| range.len() as f64);
    [GAP + column as f64 * (wide + GAP), GAP + row as f64 * (high + TITLE + GAP)]
}

/// Draws the filter of each noise level that gives the picture, `√ᾱ·input − √(1 − ᾱ)·v`, rather than the one that gives v.
fn filters(picture: &mut Picture, model: &Model) {
    let [left, top] = place(1, 2);
    title(picture, [left, top + 8.0], "Filters by timestep");
    let end = key(picture, [left + 160.0, top + 8.0], POSITIVE, "positive weight");
    key(picture, [end + 24.0, top + 8.0], NEGATIVE, "negative weight");
    for level in 0..LEVELS {
        let timestep = level * (TIMESTEPS - 1) / (LEVELS - 1);
        let weights = model.weights(timestep);
        let mut filter: Vec<f32> = weights.iter().map(|w| -(1.0 - alpha_bar(timestep)).sqrt() * w).collect();
        filter[SIDE * SIDE / 2] += alpha_bar(timestep).sqrt();
        let most = filter[..SIDE * SIDE].iter().fold(0.0, |most: f32, w| most.max(w.abs()));
        let at = [left + 164.0 * (level % 5) as f64 + 26.0, top + TITLE + 132.0 * (level / 5) as f64];
        let side = 12.0;
        title(picture, [at[0] - 24.0, at[1] + 8.0], &timestep.to_string());
        picture.image(at, [SIDE; 2], side, |x, y| {
            let share = filter[y * SIDE + x] / most;
            Colour::WHITE.mix(if share < 0.0 { NEGATIVE } else { POSITIVE }, share.abs().into())
        });
        picture.frame(at, at.map(|corner| corner + side * SIDE as f64), 0.9, Colour::LINE);
    }
}

/// Draws the loss by step, and the decibels of the noisy and the denoised pictures by timestep.
fn plots(picture: &mut Picture, model: &Model, losses: &[f32], clean: &[f32], width: usize) {
    let means = losses.chunks(10).map(|ten| f64::from(ten.iter().sum::<f32>()) / ten.len() as f64);
    let points = means.zip(0..).map(|(mean, n)| [10.0 * f64::from(n) + 5.0, mean]).collect();
    let loss = Plot {
        title: "Loss by step".into(),
        curves: vec![Curve { name: "Diffusion".into(), colour: LOSS, stroke: Stroke::Solid, points }],
        across: Axis::linear([0.0, STEPS as f64 / 2.0, STEPS as f64]),
        up: Axis::logarithmic([0.01, 0.1, 1.0]),
    };
    let all: Vec<_> = (5..95).step_by(10).map(|timestep| Restored::new(model, clean, width, timestep)).collect();
    let curve = |name: &str, colour, which: usize| {
        let points = all.iter().map(|restored| [restored.timestep as f64, restored.decibels[which].into()]).collect();
        let stroke = if which == 0 { Stroke::Dashed } else { Stroke::Solid };
        Curve { name: name.into(), colour, stroke, points }
    };
    let decibels = Plot {
        title: "dB by timestep".into(),
        curves: vec![curve("Denoised", DENOISED, 1), curve("Noisy", NOISY, 0)],
        across: Axis::linear([0.0, 50.0, 100.0]),
        up: Axis::linear([-10.0, 0.0, 10.0, 20.0, 30.0]),
    };
    for (row, plot) in [(1, &loss), (2, &decibels)] {
        let [left, top] = place(0, row);
        picture.plot([left, top], [left + 262.0, top + 282.0], plot);
    }
}

/// A small random number generator that gives the same numbers on every machine: xorshift* by Marsaglia and Vigna.
struct Random(u64);

impl Random {
    /// Uniform in [0, 1).
    fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u32 << 24) as f32
    }

    fn below(&mut self, count: usize) -> usize {
        (self.uniform() * count as f32) as usize
    }

    /// Normally distributed, by the method of Box and Muller.
    fn normal(&mut self) -> f32 {
        let (radius, angle) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
    }
}
