//! The smallest program: logits and labels go to the GPU, a loss and its gradient come back.
//!
//! `cargo run --release --example hello` runs it, on a GPU or on a software one such as Mesa's lavapipe; where there is
//! neither, the error of `Gpu::new` says what to install.
//!
//! From here, `own_buffers` puts the library inside a program that has a device of its own, `segmentation` trains a
//! classifier, and `denoise` a denoiser.

use wgloss::{Array, CrossEntropy, Dice, Gpu, Operand, Result, Term, cpu};

/// One picture of 2 x 2 pixels, of which each belongs to one of 3 classes. A network has given a number for each class
/// and pixel, the higher the likelier: the logits. They lie as a convolution leaves them, all pixels of class 0 first.
const LOGITS: [f32; 12] = [
    2.0, 0.1, -1.0, 0.3, // class 0
    0.5, 1.5, -0.5, 0.2, // class 1
    -1.0, 0.0, 3.0, 0.1, // class 2
];

/// What the pixels are. Nobody knows what the last one is: 255 is the label that takes no part.
const LABELS: [u8; 4] = [0, 1, 2, 255];

fn main() -> Result<()> {
    // The best adapter there is, or the one that WGPU_ADAPTER_NAME names.
    let gpu = Gpu::new()?;

    // Two tensors: `[N, C, H, W]` and `[N, H, W]`. Shapes and types are checked wherever they meet.
    let logits = gpu.upload(&LOGITS, [1, 3, 2, 2])?;
    let labels = gpu.upload(&LABELS, [1, 2, 2])?;

    // A loss is a struct of its options, and `of` joins it with operands into a term. Nothing has run yet.
    let cross_entropy = CrossEntropy { ignore_index: 255, ..Default::default() };
    let term = cross_entropy.of(&logits, &labels);

    // One submission: the value, and the gradient with respect to the logits. Both are on the GPU when this returns,
    // and what follows on the GPU can use them there. Only `wait` waits, and only reading copies.
    let (outcome, [gradient]) = gpu.gradients(&term, [&logits])?;
    println!("cross-entropy  {:.6}", outcome.loss().wait()?);
    let gradient = gradient.read().wait()?.to_f32();
    for (class, of_pixels) in gradient.chunks(4).enumerate() {
        println!("  d/d logits of class {class}  {of_pixels:+.4?}");
    }
    // The pixel that takes no part pulls at nothing.
    assert!(gradient.chunks(4).all(|of_pixels| of_pixels[3] == 0.0));

    // A compound is a sum of terms, and still one submission. Its parts stay apart, each a sum and what divides it.
    let (outcome, [gradient]) = gpu.gradients(&compound(&logits, &labels), [&logits])?;
    let total = outcome.loss().wait()?;
    println!("cross-entropy + 0.5 dice  {total:.6}");
    for part in outcome.parts().wait()? {
        println!("  {:>4}  {} x {:.6} / {}", part.name, part.weight, part.sum, part.denominator);
    }

    // Every loss is written a second time, in plain f64 on the CPU: its twin, which takes the same words and settles
    // arguments. f32 keeps 7 digits and these numbers take a dozen operations, so that 6 digits have to agree.
    let (logits, labels) = (Array::new(&LOGITS, [1, 3, 2, 2])?, Array::new(&LABELS, [1, 2, 2])?);
    let (twin, [twin_gradient]) = cpu::gradients(&compound(&logits, &labels), [&logits])?;
    let mut worst = (f64::from(total) - twin.loss()?).abs();
    for (ours, twins) in gradient.read().wait()?.to_f64().iter().zip(twin_gradient.to_f64()) {
        worst = worst.max((ours - twins).abs());
    }
    println!("the CPU twin differs by {worst:.1e} at most");
    assert!(worst < 1e-6);
    Ok(())
}

/// The same words for tensors on the GPU and for arrays on the host.
fn compound<T: Operand>(logits: &T, labels: &T) -> Term<T> {
    let cross_entropy = CrossEntropy { ignore_index: 255, ..Default::default() };
    let dice = Dice { ignore_index: Some(255), ..Default::default() };
    cross_entropy.of(logits, labels).named("ce") + 0.5 * dice.of(logits, labels).named("dice")
}
