//! Finds the coins in a photograph with a small classifier, trained with each of three losses.
//!
//! The photograph is lit from one corner, so that background and coins share grey levels. A threshold, even a good one
//! such as Otsu's, takes the bright corner for a coin and leaves holes in the dark coins. A classifier that sees each
//! pixel's surroundings does better. It is trained on the right half, where the light is even, and judged on the left
//! half, where it is not, and whose labels it has never seen.
//!
//! The classifier is plain Rust on the CPU: two linear functions of a few blurs, one for "background" and one for
//! "coin". wgloss turns its logits into a loss and a gradient on the GPU. Every tenth step is compared with the CPU
//! twin.
//!
//! Run it with `cargo run --release --example segmentation`. It draws `out/segmentation.png`.

mod common;

use common::{GAP, Photograph, TITLE, key, save, title};
use std::error::Error;
use std::ops::Range;
use std::time::Instant;
use wgloss::{
    Activation, Array, CrossEntropy, Dice, Gpu, Gradient, Job, Observation, Operand, Outputs, SoftmaxFocal, Tensor,
    Term, cpu,
};
use wgloss_chart::{Axis, Colour, Curve, Picture, Plot, Stroke};

const STEPS: usize = 120;
const MOMENTUM: f32 = 0.9;

/// The label of ignored pixels. The outline of a coin is only known to about a pixel, so pixels along it are ignored,
/// as in the Pascal VOC data.
const VOID: u8 = 255;

/// A loss in the comparison, with its learning rate, and its colour in masks and curves.
struct Rival {
    name: &'static str,
    rate: f32,
    colour: Colour,
}

const RIVALS: [Rival; 3] = [
    Rival { name: "Cross-entropy", rate: 0.3, colour: Colour::hex(0x1769aa) },
    Rival { name: "Softmax focal", rate: 0.4, colour: Colour::hex(0xe07b00) },
    Rival { name: "Dice", rate: 0.2, colour: Colour::hex(0x1b8a5a) },
];

/// The colours of everything else in the picture. No loss has one of them.
const OTSU: Colour = Colour::hex(0x7b848d);
const BACKGROUND: Colour = Colour::hex(0xeef0f3);
const MISSED: Colour = Colour::hex(0x000000);
const INVENTED: Colour = Colour::hex(0xd6006e);

impl Rival {
    /// The loss of logits `[1, 2, H, W]` and labels `[1, H, W]`, for the GPU and for the CPU.
    fn term<T: Operand>(&self, logits: &T, labels: &T) -> Term<T> {
        match self.name {
            "Cross-entropy" => CrossEntropy::new().ignore_index(i32::from(VOID)).of(logits, labels),
            "Softmax focal" => SoftmaxFocal::new().ignore_index(i32::from(VOID)).of(logits, labels),
            "Dice" => Dice::new().ignore_index(i32::from(VOID)).of(logits, labels),
            other => unreachable!("{other} is not in the comparison"),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let photograph = Photograph::load("coins.png")?;
    let (width, height) = (photograph.width, photograph.height);
    let coin: Vec<bool> = Photograph::load("coins_mask.png")?.pixels.iter().map(|&level| level > 0.5).collect();
    let (held_out, train) = (0..width / 2, width / 2..width);

    // Features come from the whole photograph, labels only from the right half.
    let features = features(&photograph);
    let train_features: Vec<Vec<f32>> = features.iter().map(|plane| crop(plane, width, &train)).collect();
    let labels = Array::new(&crop(&labels(&coin, width, height), width, &train), [1, height, train.len()])?;
    let gpu = Gpu::new()?;
    let judge = Judge::new(&gpu, &coin, width, held_out.clone())?;

    let threshold = otsu(&photograph.pixels);
    let evidence: Vec<f32> = photograph.pixels.iter().map(|&level| level - threshold).collect();
    let otsu = judge.iou(&evidence)?;
    let mut answers = vec![Answer {
        name: "Otsu’s threshold",
        colour: OTSU,
        iou: otsu,
        found: found(&evidence),
        run: Run::default(),
    }];

    println!("{:<14} {:>12} {:>12} {:>8} {:>16}", "loss", "IoU held out", "Otsu's IoU", "seconds", "twin differs by");
    for rival in &RIVALS {
        let start = Instant::now();
        let score = |weights: &[Vec<f32>; 2]| judge.iou(&evidence_of(&features, weights));
        let run = train_with(rival, &gpu, &train_features, &labels, score)?;
        let evidence = evidence_of(&features, &run.weights);
        let (iou, seconds) = (judge.iou(&evidence)?, start.elapsed().as_secs_f32());
        println!("{:<14} {iou:>12.3} {otsu:>12.3} {seconds:>8.1} {:>16.1e}", rival.name, run.worst);

        // It has to be much better than a threshold.
        assert!(iou > otsu + 0.1, "{} has to find more of the coins than a threshold does", rival.name);
        assert!(run.losses[STEPS - 1] < 0.1 * run.losses[0], "{} has to fall", rival.name);
        answers.push(Answer { name: rival.name, colour: rival.colour, iou, found: found(&evidence), run });
    }
    println!("{}", save(&draw(&photograph, &coin, held_out.len(), &answers), "segmentation.png")?.display());
    Ok(())
}

/// What a threshold or a trained classifier found.
struct Answer {
    name: &'static str,
    colour: Colour,
    iou: f32,
    found: Vec<bool>,
    run: Run,
}

/// The result of a training.
#[derive(Default)]
struct Run {
    /// A weight for each feature, for background and for coin.
    weights: [Vec<f32>; 2],
    /// The loss before each step.
    losses: Vec<f32>,
    /// The score at every tenth step.
    scores: Vec<(f32, f32)>,
    /// The largest disagreement with the CPU twin.
    worst: f64,
}

/// Trains by gradient steps with momentum. The loss and its gradient come from the GPU.
fn train_with(
    rival: &Rival,
    gpu: &Gpu,
    features: &[Vec<f32>],
    labels: &Array,
    score: impl Fn(&[Vec<f32>; 2]) -> Result<f32, wgloss::Error>,
) -> Result<Run, Box<dyn Error>> {
    // The tensors and the job are made once. Every step runs the job again.
    let &[n, height, width] = labels.shape() else { unreachable!("labels are of pixels") };
    let shape = [n, 2, height, width];
    let (on_gpu, gradient) = (gpu.empty(shape)?, gpu.empty(shape)?);
    let term = rival.term(&on_gpu, &gpu.upload_array(labels)?);
    let outputs = Outputs { gradients: vec![Gradient::store(&on_gpu, &gradient)], ..Default::default() };
    let job = gpu.prepare(&term, &outputs)?;

    let zeros = || [vec![0.0; features.len()], vec![0.0; features.len()]];
    let (mut weights, mut velocity) = (zeros(), zeros());
    let (mut losses, mut scores, mut worst) = (Vec::new(), Vec::new(), 0.0f64);
    for step in 0..STEPS {
        let logits: Vec<f32> = weights.iter().flat_map(|weights| linear(features, weights)).collect();
        on_gpu.write(&logits)?;
        // Start both reads before waiting for either.
        let (loss, slope) = (job.run()?.loss(), gradient.read());
        let (loss, slope) = (loss.wait()?, slope.wait()?.to_f32());

        if step % 10 == 0 {
            scores.push((step as f32, score(&weights)?));
            let logits = Array::new(&logits, shape)?;
            let (twin, [twin_slope]) = cpu::gradients(&rival.term(&logits, labels), [&logits])?;
            worst = worst.max((f64::from(loss) - twin.loss()?).abs()).max(disagreement(&slope, &twin_slope.to_f64()));
            // A gradient goes through some twenty roundings of 6e-8, among them an exp and a log (less exact in WGSL).
            // Errors are near 1e-6 of the largest element; 1e-5 leaves room for other GPUs, and a wrong formula would
            // be far off. Losses are compared absolutely: all start below 1, and dice is 1 minus a share, whose
            // rounding error stays.
            assert!(worst < 1e-5, "{}: the GPU and its CPU twin differ by {worst:.1e}", rival.name);
        }

        // The gradient of a weight is the sum of its feature times the logit's gradient.
        for (class, slope) in slope.chunks(height * width).enumerate() {
            for (k, feature) in features.iter().enumerate() {
                let gradient: f32 = feature.iter().zip(slope).map(|(f, g)| f * g).sum();
                velocity[class][k] = MOMENTUM * velocity[class][k] - rival.rate * gradient;
                weights[class][k] += velocity[class][k];
            }
        }
        losses.push(loss);
    }
    scores.push((STEPS as f32, score(&weights)?));
    Ok(Run { weights, losses, scores, worst })
}

/// The largest difference, relative to the largest element, because small elements need no more absolute precision.
fn disagreement(ours: &[f32], twins: &[f64]) -> f64 {
    let largest = twins.iter().fold(f64::MIN_POSITIVE, |most, twin| most.max(twin.abs()));
    ours.iter().zip(twins).map(|(&ours, twin)| (f64::from(ours) - twin).abs() / largest).fold(0.0, f64::max)
}

/// The model: the weighted sum of each pixel's features.
fn linear(features: &[Vec<f32>], weights: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; features[0].len()];
    for (feature, weight) in features.iter().zip(weights) {
        sum.iter_mut().zip(feature).for_each(|(sum, f)| *sum += weight * f);
    }
    sum
}

/// Each pixel's logit for coin minus its logit for background.
fn evidence_of(features: &[Vec<f32>], [background, coin]: &[Vec<f32>; 2]) -> Vec<f32> {
    let background = linear(features, background);
    linear(features, coin).iter().zip(background).map(|(coin, background)| coin - background).collect()
}

/// The pixels with evidence for a coin.
fn found(evidence: &[f32]) -> Vec<bool> {
    evidence.iter().map(|&evidence| evidence > 0.0).collect()
}

/// The features of each pixel. The first plane is 1 everywhere; the others have mean 0 and variance 1.
///
/// Brightness is relative to the wide surroundings, so that the light does not matter. The minted relief has large
/// gradients, and the blurs of their logarithm reach from the rim into the flat parts of a coin. No feature has the
/// pixel's position, which the model could learn by heart.
fn features(photograph: &Photograph) -> Vec<Vec<f32>> {
    let (width, height, light) = (photograph.width, photograph.height, &photograph.pixels);
    let blur = |plane: &[f32], radius: usize| blur(plane, width, height, radius);
    let deviation = |radius: usize| -> Vec<f32> {
        let squares: Vec<f32> = light.iter().map(|v| v * v).collect();
        let mean = blur(light, radius);
        blur(&squares, radius).iter().zip(mean).map(|(square, mean)| (square - mean * mean).max(0.0).sqrt()).collect()
    };
    let mut planes = Vec::new();
    let (around, spread) = (blur(light, 24), deviation(24));
    for radius in [1, 2, 4, 7, 11] {
        let near = blur(light, radius);
        planes.push((0..near.len()).map(|i| (near[i] - around[i]) / (spread[i] + 0.02)).collect());
    }
    let smooth = blur(light, 1);
    let relief: Vec<f32> = (0..width * height)
        .map(|i| {
            let (x, y) = (i % width, i / width);
            let across = smooth[y * width + (x + 1).min(width - 1)] - smooth[y * width + x.saturating_sub(1)];
            let down = smooth[(y + 1).min(height - 1) * width + x] - smooth[y.saturating_sub(1) * width + x];
            (across.hypot(down) + 0.01).ln()
        })
        .collect();
    planes.extend([1, 2, 4, 7, 11].map(|radius| blur(&relief, radius)));
    planes.extend([3, 6].map(|radius| deviation(radius).iter().map(|spread| (spread + 0.01).ln()).collect()));
    for plane in &mut planes {
        let count = plane.len() as f32;
        let mean = plane.iter().sum::<f32>() / count;
        let deviation = (plane.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count).sqrt();
        plane.iter_mut().for_each(|v| *v = (*v - mean) / deviation);
    }
    planes.insert(0, vec![1.0; width * height]);
    planes
}

/// A blur that is nearly Gaussian: a mean over `2·radius + 1` pixels, twice along each axis.
fn blur(plane: &[f32], width: usize, height: usize, radius: usize) -> Vec<f32> {
    // Each pass averages rows and transposes, so that four passes blur both axes twice and restore the order.
    let mut plane = plane.to_vec();
    for (width, height) in [(width, height), (height, width)].repeat(2) {
        let mut turned = vec![0.0; plane.len()];
        for (y, row) in plane.chunks(width).enumerate() {
            let at = |x: isize| row[x.clamp(0, width as isize - 1) as usize];
            let reach = radius as isize;
            let mut sum: f32 = (-reach..=reach).map(at).sum();
            for x in 0..width {
                turned[x * height + y] = sum / (2 * radius + 1) as f32;
                sum += at(x as isize + reach + 1) - at(x as isize - reach);
            }
        }
        plane = turned;
    }
    plane
}

/// The labels of the pixels: 0 background, 1 coin, `VOID` where the two meet.
fn labels(coin: &[bool], width: usize, height: usize) -> Vec<u8> {
    let label = |i: usize| {
        let (x, y) = (i % width, i / width);
        let near = |x: usize, y: usize| coin[y.min(height - 1) * width + x.min(width - 1)] == coin[i];
        let inside = near(x + 1, y) && near(x.saturating_sub(1), y) && near(x, y + 1) && near(x, y.saturating_sub(1));
        if inside { u8::from(coin[i]) } else { VOID }
    };
    (0..coin.len()).map(label).collect()
}

/// The pixels in a range of columns.
fn crop<T: Copy>(plane: &[T], width: usize, columns: &Range<usize>) -> Vec<T> {
    plane.chunks(width).flat_map(|row| &row[columns.clone()]).copied().collect()
}

/// Counts on the GPU how well evidence for coins agrees with the mask, on the held-out half.
struct Judge {
    evidence: Tensor,
    job: Job,
    width: usize,
    columns: Range<usize>,
}

impl Judge {
    fn new(gpu: &Gpu, coin: &[bool], width: usize, columns: Range<usize>) -> Result<Judge, wgloss::Error> {
        let labels: Vec<u8> = crop(coin, width, &columns).into_iter().map(u8::from).collect();
        let shape = [1, labels.len() / columns.len(), columns.len()];
        let [n, height, across] = shape;
        let evidence = gpu.empty([n, 1, height, across])?;
        // one channel of logits; the observation counts the intersection over union in the walk of Dice
        let term = Dice::new().activation(Activation::Sigmoid).of(&evidence, &gpu.upload(&labels, shape)?);
        let job = gpu.prepare(&term.observe(Observation::Iou), &Outputs::default())?;
        Ok(Judge { evidence, job, width, columns })
    }

    /// Intersection over union of the coins and of the pixels with evidence above 0.
    fn iou(&self, evidence: &[f32]) -> Result<f32, wgloss::Error> {
        self.evidence.write(&crop(evidence, self.width, &self.columns))?;
        let parts = self.job.run()?.parts().wait()?;
        let iou = parts.last().expect("the observation is the last part");
        Ok((iou.sum / iou.denominator) as f32)
    }
}

/// Otsu's threshold: of 256 thresholds the one with the most variance between the two sides.
fn otsu(levels: &[f32]) -> f32 {
    let between = |threshold: f32| {
        let (above, below): (Vec<f32>, Vec<f32>) = levels.iter().partition(|level| **level > threshold);
        let mean = |side: &[f32]| side.iter().map(|&v| f64::from(v)).sum::<f64>() / side.len().max(1) as f64;
        above.len() as f64 * below.len() as f64 * (mean(&above) - mean(&below)).powi(2)
    };
    let thresholds = (0..256).map(|level| (level as f32 + 0.5) / 255.0);
    thresholds.max_by(|a, b| between(*a).total_cmp(&between(*b))).expect("there are thresholds")
}

/// Draws six panels and two plots.
fn draw(photograph: &Photograph, coin: &[bool], held_out: usize, answers: &[Answer]) -> Picture {
    let (width, height) = (photograph.width, photograph.height);
    let mut picture = Picture::new(1216, 1010);
    let place = |n: usize| {
        let [column, row] = [n % 3, n / 3].map(|k| k as f64);
        [GAP + column * (width as f64 + GAP), GAP + row * (height as f64 + TITLE + GAP)]
    };
    let mut panel = |n: usize, colour: &dyn Fn(usize, usize) -> Colour| {
        let [left, top] = place(n);
        picture.image([left, top + TITLE], [width, height], 1.0, colour);
    };
    let coins = Colour::hex(0x495057);
    panel(0, &|x, y| Colour::grey(photograph.pixels[y * width + x]));
    panel(1, &|x, y| if coin[y * width + x] { coins } else { BACKGROUND });
    for (n, answer) in (2..).zip(answers) {
        panel(n, &|x, y| {
            let colour = match (answer.found[y * width + x], coin[y * width + x]) {
                (true, true) => answer.colour,
                (false, false) => BACKGROUND,
                (false, true) => MISSED,
                (true, false) => INVENTED,
            };
            // the training half is drawn paler
            if x < held_out { colour } else { colour.mix(Colour::WHITE, 0.65) }
        });
    }
    let above = |n: usize| [place(n)[0], place(n)[1] + 8.0];
    title(&mut picture, above(0), "Photograph");
    key(&mut picture, above(1), coins, "Coins");
    for (n, answer) in (2..).zip(answers) {
        key(&mut picture, above(n), answer.colour, &format!("{}: IoU {:.3}", answer.name, answer.iou));
        let [left, top] = place(n);
        let (top, far) = (top + TITLE, [left + held_out as f64, top + TITLE + height as f64]);
        picture.frame([left, top], far, 1.6, Colour::INK);
    }
    let [left, top] = place(6);
    let mut end = key(&mut picture, [left, top + 8.0], MISSED, "missed");
    end = key(&mut picture, [end + 24.0, top + 8.0], INVENTED, "invented");
    title(&mut picture, [end + 24.0, top + 8.0], "framed: held out     pale: trained on");

    plots(&mut picture, top + 42.0, answers);
    picture
}

/// Draws the losses and the scores of all steps.
fn plots(picture: &mut Picture, top: f64, answers: &[Answer]) {
    let curve =
        |answer: &Answer, stroke, points| Curve { name: answer.name.into(), colour: answer.colour, stroke, points };
    let steps = |numbers: Vec<f64>| (0..).map(f64::from).zip(numbers).map(|(step, number)| [step, number]).collect();
    let across = Axis::linear([0.0, 40.0, 80.0, STEPS as f64]);
    let losses = |answer: &Answer| {
        let first = answer.run.losses[0];
        curve(answer, Stroke::Solid, steps(answer.run.losses.iter().map(|loss| f64::from(loss / first)).collect()))
    };
    let loss = Plot {
        title: "Loss by step (the first is 1)".into(),
        curves: answers[1..].iter().map(losses).collect(),
        across: across.clone(),
        up: Axis::logarithmic([0.01, 0.1, 1.0]),
    };
    let scores = |answer: &Answer| match &answer.run.scores[..] {
        [] => curve(answer, Stroke::Dashed, vec![[0.0, answer.iou.into()], [STEPS as f64, answer.iou.into()]]),
        scores => curve(answer, Stroke::Solid, scores.iter().map(|&(step, iou)| [step.into(), iou.into()]).collect()),
    };
    let score = Plot {
        title: "IoU by step, on the held-out half".into(),
        curves: answers.iter().map(scores).collect(),
        across,
        up: Axis::linear([0.6, 0.7, 0.8, 0.9, 1.0]),
    };
    picture.plot([GAP, top], [600.0, top + 252.0], &loss);
    picture.plot([616.0, top], [1200.0, top + 252.0], &score);
}
