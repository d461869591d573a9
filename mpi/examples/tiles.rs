//! The segmentation of an image that is cut into tiles, one for each rank. The Dice loss of an image is not the mean of its
//! tiles' losses: a tile without any pixel of a class would count as much as one that is full of this class.
//!
//! `mpirun -n 4 tiles` fits logits to a picture, and compares every step with one GPU.

mod common;

use common::{Draw, near, own};
use wgloss_mpi::Spread::Regions;
use wgloss_mpi::wgloss::{Dice, Gpu};
use wgloss_mpi::{Comm, Spreads};

const SIDE: usize = 64;
const CLASSES: usize = 3;
const STEPS: usize = 6;
const RATE: f32 = 16000.0;

/// The class of a pixel: a disc of class 1 in the corner, with a dot of class 2 in it.
fn class_at(y: usize, x: usize) -> u8 {
    let within = |cy: usize, cx: usize, r: usize| y.abs_diff(cy).pow(2) + x.abs_diff(cx).pow(2) < r * r;
    if within(14, 18, 4) {
        2
    } else if within(16, 16, 12) {
        1
    } else {
        0
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let comm = Comm::start(Gpu::new()?)?;
    let gpu = comm.gpu();
    let mut logits = Draw::new(3).numbers(CLASSES * SIDE * SIDE);
    let labels: Vec<u8> = (0..SIDE * SIDE).map(|at| class_at(at / SIDE, at % SIDE)).collect();
    let pixels = own(&comm, SIDE);
    let pixels = pixels.start * SIDE..pixels.end * SIDE;
    let target = gpu.upload(&labels[pixels.clone()], [1, pixels.len()])?;
    let loss = Dice::default();

    let mut losses = Vec::new();
    for step in 0..STEPS {
        let tile: Vec<f32> = logits.chunks(SIDE * SIDE).flat_map(|class| &class[pixels.clone()]).copied().collect();
        let tile = gpu.upload(&tile, [1, CLASSES, pixels.len()])?;
        let (outcome, [gradient]) = comm.gradients(&loss.of(&tile, &target).spread(Regions), [&tile])?;
        let gradient = gradient.read().wait()?.to_f32();

        // the same step on one GPU
        let image = gpu.upload(&logits, [1, CLASSES, SIDE * SIDE])?;
        let whole = gpu.upload(&labels, [1, SIDE * SIDE])?;
        let (whole, [want]) = gpu.gradients(&loss.of(&image, &whole), [&image])?;
        let (value, want) = (whole.loss().wait()?, want.read().wait()?.to_f32());
        near(&[outcome.loss() as f32], &[value]);
        let own: Vec<f32> = want.chunks(SIDE * SIDE).flat_map(|class| &class[pixels.clone()]).copied().collect();
        let most = want.iter().fold(0.0f32, |most, d| most.max(d.abs()));
        let off = gradient.iter().zip(&own).fold(0.0f32, |off, (got, want)| off.max((got - want).abs()));
        assert!(off <= 1e-5 * most, "off by {off}, and the greatest is {most}");
        if comm.rank() == 0 {
            println!("step {step}: loss {:.6}, on one GPU {value:.6}; gradients differ by {off:.1e}", outcome.loss());
        }
        losses.push(outcome.loss());
        logits.iter_mut().zip(&want).for_each(|(x, d)| *x -= RATE * d);
    }
    assert!(losses[STEPS - 1] < 0.8 * losses[0], "the loss falls: {losses:?}");
    Ok(())
}
