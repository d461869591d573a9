//! CLIP's symmetric InfoNCE over a batch that is spread over the ranks. First the texts go round a ring, then the images.
//! Each rank holds its own rows, and those of one other rank at a time.
//!
//! `mpirun -n 4 clip` trains the embeddings themselves, and compares every step with one GPU.

mod common;

use common::{Draw, near, own};
use wgloss_mpi::Spread::Ring;
use wgloss_mpi::wgloss::{Extra, Gpu, InfoNce, Tensor};
use wgloss_mpi::{Comm, Spreads};

const BATCH: usize = 200;
const WIDTH: usize = 32;
const STEPS: usize = 4;
const RATE: f32 = 50.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let comm = Comm::start(Gpu::new()?)?;
    let gpu = comm.gpu();
    let mut draw = Draw::new(2);
    let mut images = draw.numbers(BATCH * WIDTH);
    let mut texts = draw.numbers(BATCH * WIDTH);
    let scale = gpu.upload(&[5.0f32], [1])?;
    let rows = own(&comm, BATCH);
    let part = |numbers: &[f32]| gpu.upload(&numbers[rows.start * WIDTH..rows.end * WIDTH], [rows.len(), WIDTH]);
    let loss = InfoNce { symmetric: true, ..InfoNce::default() };

    let mut losses = Vec::new();
    for step in 0..STEPS {
        let (image, text) = (part(&images)?, part(&texts)?);
        let term = loss.of(&image, &text).with(Extra::LogitScale, &scale).spread(Ring);
        let (outcome, [d_image, d_text, d_scale]) = comm.gradients(&term, [&image, &text, &scale])?;
        let all = |gradient: &Tensor| -> Result<Vec<f32>, Box<dyn std::error::Error>> {
            let own: Vec<u8> = gradient.read().wait()?.to_f32().iter().flat_map(|d| d.to_le_bytes()).collect();
            let all = comm.gather(&own)?.concat();
            Ok(all.chunks_exact(4).map(|d| f32::from_le_bytes([d[0], d[1], d[2], d[3]])).collect())
        };
        let (d_image, d_text) = (all(&d_image)?, all(&d_text)?);
        // every rank has the scale, and a share of its gradient
        let mut d_scale = d_scale.read().wait()?.to_f32();
        comm.sum(&mut d_scale)?;

        // the same step on one GPU
        let (image, text) = (gpu.upload(&images, [BATCH, WIDTH])?, gpu.upload(&texts, [BATCH, WIDTH])?);
        let term = loss.of(&image, &text).with(Extra::LogitScale, &scale);
        let (whole, [want_image, want_text, want_scale]) = gpu.gradients(&term, [&image, &text, &scale])?;
        let want = whole.loss().wait()?;
        near(&[outcome.loss() as f32], &[want]);
        let off_image = near(&d_image, &want_image.read().wait()?.to_f32());
        let off_text = near(&d_text, &want_text.read().wait()?.to_f32());
        near(&d_scale, &want_scale.read().wait()?.to_f32());
        if comm.rank() == 0 {
            let loss = outcome.loss();
            println!(
                "step {step}: loss {loss:.6}, on one GPU {want:.6}; gradients differ by {off_image:.1e}, {off_text:.1e}"
            );
        }
        losses.push(outcome.loss());
        images.iter_mut().zip(&d_image).for_each(|(x, d)| *x -= RATE * d);
        texts.iter_mut().zip(&d_text).for_each(|(x, d)| *x -= RATE * d);
    }
    assert!(losses[STEPS - 1] < 0.8 * losses[0], "the loss falls: {losses:?}");
    Ok(())
}
