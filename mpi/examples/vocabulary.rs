//! The head of a language model whose vocabulary is spread over the ranks. No rank has the whole projection, and no rank
//! holds the logits of all its own classes at once.
//!
//! `mpirun -n 4 vocabulary` trains the projection and the hidden states, and compares every step with one GPU.

mod common;

use common::{Draw, near, own};
use wgloss_mpi::Spread::Classes;
use wgloss_mpi::wgloss::{Gpu, LinearCrossEntropy};
use wgloss_mpi::{Comm, Spreads};

const TOKENS: usize = 96;
const WIDTH: usize = 32;
const VOCABULARY: usize = 1000;
const STEPS: usize = 5;
const RATE: f32 = 20.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let comm = Comm::start(Gpu::new()?)?;
    let gpu = comm.gpu();
    let mut draw = Draw::new(1);
    let mut hidden = draw.numbers(TOKENS * WIDTH);
    let mut projection: Vec<f32> = draw.numbers(VOCABULARY * WIDTH).iter().map(|x| 0.1 * x).collect();
    let labels: Vec<i32> = (0..TOKENS).map(|_| draw.below(VOCABULARY) as i32).collect();
    let labels = gpu.upload(&labels, [TOKENS])?;
    let classes = own(&comm, VOCABULARY);
    let loss = LinearCrossEntropy { z_loss: 1e-3, ..LinearCrossEntropy::default() };

    let mut losses = Vec::new();
    for step in 0..STEPS {
        // every rank has all rows, and its own classes
        let x = gpu.upload(&hidden, [TOKENS, WIDTH])?;
        let w = gpu.upload(&projection[classes.start * WIDTH..classes.end * WIDTH], [classes.len(), WIDTH])?;
        let term = loss.of(&x, &w, &labels).spread(Classes { first: classes.start, of: VOCABULARY });
        let (outcome, [dx, dw]) = comm.gradients(&term, [&x, &w])?;
        // the gradient of the rows is a sum over the classes of all ranks
        let mut dx = dx.read().wait()?.to_f32();
        comm.sum(&mut dx)?;
        let dw: Vec<u8> = dw.read().wait()?.to_f32().iter().flat_map(|d| d.to_le_bytes()).collect();
        let dw = comm.gather(&dw)?.concat();
        let dw: Vec<f32> = dw.chunks_exact(4).map(|d| f32::from_le_bytes([d[0], d[1], d[2], d[3]])).collect();

        // the same step on one GPU
        let w = gpu.upload(&projection, [VOCABULARY, WIDTH])?;
        let (whole, [want_x, want_w]) = gpu.gradients(&loss.of(&x, &w, &labels), [&x, &w])?;
        let want = whole.loss().wait()?;
        near(&[outcome.loss() as f32], &[want]);
        let off_x = near(&dx, &want_x.read().wait()?.to_f32());
        let off_w = near(&dw, &want_w.read().wait()?.to_f32());
        if comm.rank() == 0 {
            println!(
                "step {step}: loss {:.6}, on one GPU {want:.6}; gradients differ by {off_x:.1e}, {off_w:.1e}",
                outcome.loss()
            );
        }
        losses.push(outcome.loss());
        hidden.iter_mut().zip(&dx).for_each(|(x, d)| *x -= RATE * d);
        projection.iter_mut().zip(&dw).for_each(|(w, d)| *w -= RATE * d);
    }
    assert!(losses[STEPS - 1] < 0.8 * losses[0], "the loss falls: {losses:?}");
    Ok(())
}
