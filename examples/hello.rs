//! The smallest program: it sends logits and labels to the GPU, and reads a loss and its gradient.
//!
//! Run it with `cargo run --release --example hello`, on a GPU or on a software one such as Mesa's lavapipe. If there
//! is neither, the error of `Gpu::new` says what to install.
//!
//! The next examples: `own_buffers` puts the library inside a program that has its own device, `segmentation` trains a
//! classifier, and `denoise` trains a denoiser.

use wgloss::{Array, CrossEntropy, Dice, Gpu, Operand, Result, Term, cpu};

/// A network's output for one picture of 2 x 2 pixels and 3 classes: a number for each class and pixel, higher for
/// likelier classes. They are in the order of a convolution's output, all pixels of class 0 first.
const LOGITS: [f32; 12] = [
    2.0, 0.1, -1.0, 0.3, // class 0
    0.5, 1.5, -0.5, 0.2, // class 1
    -1.0, 0.0, 3.0, 0.1, // class 2
];

/// The classes of the pixels. The last one is unknown: its label, 255, is ignored.
const LABELS: [u8; 4] = [0, 1, 2, 255];

fn main() -> Result<()> {
    // Uses the best adapter, or the one that WGPU_ADAPTER_NAME names.
    let gpu = Gpu::new()?;

    // Two tensors, `[N, C, H, W]` and `[N, H, W]`. A call checks their shapes and dtypes.
    let logits = gpu.upload(&LOGITS, [1, 3, 2, 2])?;
    let labels = gpu.upload(&LABELS, [1, 2, 2])?;

    // A loss is a struct of options. `of` joins it with operands into a term. Nothing has run yet.
    let cross_entropy = CrossEntropy::new().ignore_index(255);
    let term = cross_entropy.of(&logits, &labels);

    // One submission computes the value, and the gradient with respect to the logits. Both stay on the GPU, where later
    // work can use them. Only `read` copies, and only `wait` waits.
    let (outcome, [gradient]) = gpu.gradients(&term, [&logits])?;
    println!("cross-entropy  {:.6}", outcome.loss().wait()?);
    let gradient = gradient.read().wait()?.to_f32();
    for (class, of_pixels) in gradient.chunks(4).enumerate() {
        println!("  d/d logits of class {class}  {of_pixels:+.4?}");
    }
    // The ignored pixel has no gradient.
    assert!(gradient.chunks(4).all(|of_pixels| of_pixels[3] == 0.0));

    // A sum of terms is still one submission. Its parts can be read separately, each as a sum and a denominator.
    let (outcome, [gradient]) = gpu.gradients(&compound(&logits, &labels), [&logits])?;
    let total = outcome.loss().wait()?;
    println!("cross-entropy + 0.5 dice  {total:.6}");
    for part in outcome.parts().wait()? {
        println!("  {:>4}  {} x {:.6} / {}", part.name, part.weight, part.sum, part.denominator);
    }

    // Every loss has a CPU twin in plain f64, with the same API, to compare with. f32 keeps 7 digits, and these numbers
    // take a dozen operations, so 6 digits have to agree.
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

/// Makes the term for tensors on the GPU and for arrays on the host.
fn compound<T: Operand>(logits: &T, labels: &T) -> Term<T> {
    let cross_entropy = CrossEntropy::new().ignore_index(255);
    let dice = Dice::new().ignore_index(255);
    cross_entropy.of(logits, labels).named("ce") + 0.5 * dice.of(logits, labels).named("dice")
}
