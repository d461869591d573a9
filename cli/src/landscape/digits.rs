//! The landscape around a trained network: cross-entropy on handwritten digits, along two random directions.
//!
//! The network has one hidden layer, and is trained first. Then its weights move along two filter-normalised directions
//! over a grid; the loss at each point is over all images. A kernel of this program computes the logits for a batch of
//! points. wgloss computes the losses, one term for each point, in the same pass. Only the losses leave the GPU.

use flate2::read::GzDecoder;
use std::io::Read;
use std::ops::Range;
use wgloss::landscape::{Grid, Plane, Surface};
use wgloss::wgpu;
use wgloss::{CrossEntropy, DType, Gpu, Gradient, Job, Outputs, Result, Tensor, Term};
use wgloss_chart::{Chart, Mark, Scale, Shape, View};

// These constants are also in digits.wgsl.
const PIXELS: usize = 64;
const HIDDEN: usize = 32;
const CLASSES: usize = 10;
pub const IMAGES: usize = 1797;

/// The parameters are, in this order, a matrix `[HIDDEN, PIXELS]`, its biases, a matrix `[CLASSES, HIDDEN]`, its
/// biases.
const FIRST_BIASES: usize = HIDDEN * PIXELS;
const SECOND: usize = FIRST_BIASES + HIDDEN;
const SECOND_BIASES: usize = SECOND + CLASSES * HIDDEN;
const PARAMETERS: usize = SECOND_BIASES + CLASSES;

/// The steps and the learning rate of plain gradient descent on all images.
const STEPS: usize = 250;
const RATE: f32 = 0.5;

/// The default number of points along each side of the grid. It is odd, so that one point is in the middle.
pub const SIZE: usize = 61;

/// The points in one evaluation. Their logits take 2.3 MB.
const BATCH: usize = 32;

/// The images and their labels.
pub struct Digits {
    /// `[IMAGES, PIXELS]`, from 0 to 1.
    pub images: Vec<f32>,
    /// The labels, `[IMAGES]`.
    pub labels: Vec<u8>,
}

impl Digits {
    /// Unpacks the data set inside the program. Each image is a line of 64 numbers from 0 to 16, and the digit.
    pub fn load() -> Digits {
        let mut text = String::new();
        let packed = include_bytes!("../../data/digits.csv.gz");
        GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("the data set is sound");
        let numbers: Vec<_> = text.split([',', '\n']).filter_map(|number| number.trim().parse::<u8>().ok()).collect();
        let rows = || numbers.chunks_exact(PIXELS + 1);
        assert_eq!(rows().len(), IMAGES, "the data set is complete");
        Digits {
            images: rows().flat_map(|row| &row[..PIXELS]).map(|&level| f32::from(level) / 16.0).collect(),
            labels: rows().map(|row| row[PIXELS]).collect(),
        }
    }
}

/// The filters: the rows of both matrices. Biases belong to no filter, and do not move along the directions.
fn filters() -> Vec<Range<usize>> {
    let row = |start: usize, width: usize| move |k: usize| start + k * width..start + (k + 1) * width;
    (0..HIDDEN).map(row(0, PIXELS)).chain((0..CLASSES).map(row(SECOND, HIDDEN))).collect()
}

/// Runs the network: a layer, a ReLU, and a second layer. Returns the hidden units of each image, and the logits.
pub fn forward(weights: &[f32], images: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let layer = |inputs: &[f32], weights: &[f32], biases: &[f32]| -> Vec<f32> {
        let width = weights.len() / biases.len();
        let unit = |input: &[f32], unit: usize| {
            let row = &weights[unit * width..][..width];
            biases[unit] + input.iter().zip(row).map(|(x, weight)| x * weight).sum::<f32>()
        };
        inputs.chunks_exact(width).flat_map(|input| (0..biases.len()).map(move |k| unit(input, k))).collect()
    };
    let mut hidden = layer(images, &weights[..FIRST_BIASES], &weights[FIRST_BIASES..SECOND]);
    hidden.iter_mut().for_each(|unit| *unit = unit.max(0.0));
    let logits = layer(&hidden, &weights[SECOND..SECOND_BIASES], &weights[SECOND_BIASES..]);
    (hidden, logits)
}

/// The backward pass of `forward`: the gradient of the weights, given the gradient `slopes` of the logits.
fn backward(weights: &[f32], images: &[f32], hidden: &[f32], slopes: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; PARAMETERS];
    let images = images.chunks_exact(PIXELS).zip(hidden.chunks_exact(HIDDEN)).zip(slopes.chunks_exact(CLASSES));
    for ((image, hidden), slopes) in images {
        let mut of_hidden = [0.0; HIDDEN];
        for (k, slope) in slopes.iter().enumerate() {
            gradient[SECOND_BIASES + k] += slope;
            let row = SECOND + k * HIDDEN..SECOND + (k + 1) * HIDDEN;
            gradient[row.clone()].iter_mut().zip(hidden).for_each(|(sum, unit)| *sum += slope * unit);
            of_hidden.iter_mut().zip(&weights[row]).for_each(|(sum, weight)| *sum += slope * weight);
        }
        for (unit, slope) in of_hidden.iter().enumerate().filter(|(unit, _)| hidden[*unit] > 0.0) {
            gradient[FIRST_BIASES + unit] += slope;
            let row = &mut gradient[unit * PIXELS..][..PIXELS];
            row.iter_mut().zip(image).for_each(|(sum, x)| *sum += slope * x);
        }
    }
    gradient
}

/// Trains the network. Returns its parameters, and the losses before the first and after each step.
pub fn train(gpu: &Gpu, digits: &Digits) -> Result<(Vec<f32>, Vec<f32>)> {
    // For filters of ones, filter-normalised directions are normally distributed. Scaled as in He et al., 2015, they
    // are good initial weights.
    let mut weights = Plane::random(vec![1.0; PARAMETERS], &filters(), 1)?.directions()[0].clone();
    weights[..SECOND].iter_mut().for_each(|weight| *weight *= (2.0 / PIXELS as f32).sqrt());
    weights[SECOND..].iter_mut().for_each(|weight| *weight *= (2.0 / HIDDEN as f32).sqrt());

    let (logits, gradient) = (gpu.empty([IMAGES, CLASSES])?, gpu.empty([IMAGES, CLASSES])?);
    let labels = gpu.upload(&digits.labels, [IMAGES])?;
    let outputs = Outputs { gradients: vec![Gradient::store(&logits, &gradient)], ..Outputs::default() };
    let job = gpu.prepare(&CrossEntropy::default().of(&logits, &labels), &outputs)?;
    let mut losses = Vec::new();
    loop {
        let (hidden, predicted) = forward(&weights, &digits.images);
        logits.write(&predicted)?;
        losses.push(job.run()?.loss().wait()?);
        if losses.len() > STEPS {
            return Ok((weights, losses));
        }
        let slopes = gradient.read().wait()?.to_f32();
        let gradient = backward(&weights, &digits.images, &hidden, &slopes);
        weights.iter_mut().zip(gradient).for_each(|(weight, slope)| *weight -= RATE * slope);
    }
}

/// The plane through `weights` along two random filter-normalised directions.
pub fn plane(weights: Vec<f32>) -> Result<Plane> {
    Plane::random(weights, &filters(), 2018)
}

/// Evaluates the landscape over a plane on the GPU, with `size` points along each side.
pub fn surface(gpu: &Gpu, digits: &Digits, plane: &Plane, size: usize) -> Result<Surface> {
    let grid = Grid::new([-1.0, 1.0], [-1.0, 1.0], [size, size])?;
    let evaluation = Evaluation::new(gpu, digits, plane)?;
    grid.surface(BATCH, |points| evaluation.losses(gpu, points))
}

/// Evaluates one batch of points after another. It makes the points' tensor, the kernel and the job once for all batches.
struct Evaluation {
    points: Tensor,
    predict: Kernel,
    losses: Job,
}

impl Evaluation {
    fn new(gpu: &Gpu, digits: &Digits, plane: &Plane) -> Result<Evaluation> {
        let [first, second] = plane.directions();
        let parameters = gpu.upload(&[plane.centre(), first, second].concat(), [3, PARAMETERS])?;
        let images = gpu.upload(&digits.images, [IMAGES, PIXELS])?;
        let labels = gpu.upload(&digits.labels, [IMAGES])?;
        let sums = gpu.empty([3, HIDDEN, IMAGES])?;
        let points = gpu.empty([BATCH, 2])?;
        let logits = gpu.empty([BATCH, IMAGES, CLASSES])?;

        let module = gpu.device().create_shader_module(wgpu::include_wgsl!("digits.wgsl"));
        let kernel = |entry, bound: &[(u32, &Tensor)], grid| Kernel::new(gpu, &module, entry, bound, grid);
        let across = IMAGES.div_ceil(64) as u32;
        let project = [(0, &parameters), (1, &images), (2, &sums)];
        let project = kernel("project", &project, [across, HIDDEN as u32, 3]);
        let predict = [(0, &parameters), (2, &sums), (3, &points), (4, &logits)];
        let predict = kernel("predict", &predict, [across, BATCH as u32, 1]);
        submit(gpu, |pass| project.encode(pass));

        // The logits of each point are a tensor, a range of one buffer. The sum of all losses is one job. Only its
        // parts are read, not their sum.
        let bytes = (4 * IMAGES * CLASSES) as u64;
        let term = |k: u64| -> Result<Term<Tensor>> {
            let range = logits.buffer().0.slice(k * bytes..(k + 1) * bytes);
            Ok(CrossEntropy::default().of(&gpu.wrap(range, [IMAGES, CLASSES], DType::F32)?, &labels))
        };
        let terms = (1..BATCH as u64).try_fold(term(0)?, |terms, k| Ok::<_, wgloss::Error>(terms + term(k)?))?;
        Ok(Evaluation { points, predict, losses: gpu.prepare(&terms, &Outputs::default())? })
    }

    /// The losses at `points`, at most `BATCH`. Unused points are zero, and their losses are dropped.
    fn losses(&self, gpu: &Gpu, points: &[[f32; 2]]) -> Result<Vec<f32>> {
        let mut padded = [0.0; 2 * BATCH];
        padded[..2 * points.len()].copy_from_slice(points.as_flattened());
        self.points.write(&padded)?;
        submit(gpu, |pass| {
            self.predict.encode(pass);
            self.losses.encode(pass);
        });
        let parts = self.losses.outcome().parts().wait()?;
        Ok(parts.iter().take(points.len()).map(|part| (part.sum / part.denominator) as f32).collect())
    }
}

fn submit(gpu: &Gpu, record: impl FnOnce(&mut wgpu::ComputePass<'_>)) {
    let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
    gpu.queue().submit([encoder.finish()]);
}

/// A kernel of digits.wgsl, with its buffers and workgroups.
struct Kernel {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    grid: [u32; 3],
}

impl Kernel {
    fn new(gpu: &Gpu, module: &wgpu::ShaderModule, entry: &str, bound: &[(u32, &Tensor)], grid: [u32; 3]) -> Kernel {
        let pipeline = gpu.device().create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            // wgpu derives the layout from the bindings that the kernel uses
            layout: None,
            module,
            entry_point: Some(entry),
            compilation_options: Default::default(),
            cache: None,
        });
        let entries: Vec<_> = bound
            .iter()
            .map(|(binding, tensor)| wgpu::BindGroupEntry {
                binding: *binding,
                resource: tensor.buffer().0.as_entire_binding(),
            })
            .collect();
        let group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(entry),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Kernel { pipeline, group, grid }
    }

    fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.group, &[]);
        pass.dispatch_workgroups(self.grid[0], self.grid[1], self.grid[2]);
    }
}

/// The chart of a landscape, with the trained weights in the middle.
pub fn chart(surface: &Surface, trained: f32) -> std::result::Result<Chart, wgloss_chart::Error> {
    let grid = surface.grid();
    Ok(Chart {
        title: "Loss around a trained network".into(),
        axes: ["direction 1", "direction 2", "loss"].map(String::from),
        marks: vec![Mark { name: "trained".into(), at: [0.0, 0.0], value: trained.into(), shape: Shape::Star }],
        scale: Scale::Logarithmic,
        view: View::Surface { around: -60.0, above: 40.0 },
        grid: wgloss_chart::Grid::new(grid.ends(), grid.size(), surface.values())?,
    })
}
