//! A loss of your own: write its mathematics twice, in Rust and in WGSL, and get everything else for free.
//!
//! Charbonnier's loss is a smooth absolute error for training super-resolution. The library has it too; this example
//! shows how you would add a loss that the library lacks. It gets weights and masks, every reduction, gradients, 16-bit
//! storage, checks of its options, and the tests of the library's own losses.
//!
//! Run it with `cargo run --example custom_loss`.

use wgloss::custom::{ElementScore, Pointwise, prove};
use wgloss::header::{Denominator, Header, OperandSpec, Range, Role, Source};
use wgloss::{Array, Gpu, Reduction, cpu};

// The struct has the options, with defaults and ranges. `loss!` also writes `Default`, `new`, `of`, and a setter for each
// option.
wgloss::loss! {
    /// Charbonnier loss: `√((x − t)² + ε²) − ε` for each element.
    pub struct Charbonnier of (input, target) as Pointwise {
        /// The width of the rounded bottom, in units of the input.
        pub epsilon: f32 = 1e-3, Range::Above(0.0);
    }
}

// The header has everything else: the operands and their roles, what a mean divides by, and the leaf's shader.
static HEADER: Header = Header {
    id: "charbonnier",
    title: "smooth absolute error",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).differentiable(),
        OperandSpec::WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: Source { path: "examples/custom_loss.wgsl", text: include_str!("custom_loss.wgsl") },
    default: || Box::new(Charbonnier::default()),
};

// The twin computes in f64 the loss of an element, and its derivatives with respect to input and target. √(d² + ε²) − ε
// would cancel for small d, so it is written as d²/(√(d² + ε²) + ε), here and in the shader.
impl Pointwise for Charbonnier {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (d, epsilon) = (x - t, f64::from(self.epsilon));
        let root = (d * d + epsilon * epsilon).sqrt();
        ElementScore { loss: d * d / (root + epsilon), d: [d / root, -d / root, 0.0, 0.0] }
    }
}

fn main() -> Result<(), wgloss::Error> {
    let gpu = Gpu::new()?;

    // Use it like the library's losses.
    let x = gpu.upload(&[0.0f32, 1.0, 2.0, 4.0], [4])?;
    let t = gpu.upload(&[0.0f32, 1.001, 0.0, 0.0], [4])?;
    let weight = gpu.upload(&[1.0f32, 1.0, 1.0, 0.5], [4])?;
    let term = Charbonnier::default().of(&x, &t).weight(&weight);
    let (out, [gradient]) = gpu.gradients(&term, [&x])?;
    let loss = out.loss().wait()?;
    println!("charbonnier: {loss:.6}, gradient {:?}", gradient.read().wait()?.to_f32());
    // (0 + 0.000414 + 1.999 + ½·3.999) / 3.5
    assert!((loss - 1.142_547).abs() < 1e-5, "{loss}");

    // It runs on the CPU too, and its options are checked.
    let host = Array::new(&[3.0f32], [1])?;
    let twin = cpu::value(&Charbonnier::new().epsilon(4.0).of(&host, &Array::new(&[0.0f32], [1])?))?;
    assert_eq!(twin.loss()?, 1.0);
    let refused = cpu::value(&Charbonnier::new().epsilon(0.0).of(&host, &host)).unwrap_err();
    println!("refused: {refused}");
    let expected = "charbonnier: option `epsilon` is 0, expected a number > 0 (1.1754944e-38 at the least)";
    assert_eq!(refused.to_string(), expected);

    // `prove` checks that the shader gives what the twin gives, over edge sizes, reductions, operands and dtypes, and
    // that the twin's gradients are the slopes of its value.
    let proof = prove(&gpu, &Charbonnier::default())?;
    println!("proven in {} calls and {} slopes", proof.calls, proof.slopes);

    // `prove` finds mistakes, such as a gradient with the wrong sign.
    let why = prove(&gpu, &wrong::Wrong::default()).unwrap_err();
    println!("a wrong one: {why}");
    assert_eq!(why.kind(), "not_proven");
    assert!(why.to_string().contains("the gradient of `input`"), "{why}");
    Ok(())
}

/// A loss with a mistake in its shader.
mod wrong {
    use super::*;

    wgloss::loss! {
        /// The square of each element. The gradient in its shader has the wrong sign.
        pub struct Wrong of (input) as Pointwise {}
    }

    static HEADER: Header = Header {
        id: "wrong",
        title: "squares",
        operands: &[OperandSpec::new("input", Role::Element).differentiable()],
        reductions: Reduction::VALUES,
        mean: Denominator::Count,
        shader: Source {
            path: "wrong",
            text: "fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
                return ElementScore(v.x * v.x, vec4<f32>(-2.0 * v.x, 0.0, 0.0, 0.0));
            }",
        },
        default: || Box::new(Wrong::default()),
    };

    impl Pointwise for Wrong {
        fn score(&self, [x, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
            ElementScore { loss: x * x, d: [2.0 * x, 0.0, 0.0, 0.0] }
        }
    }
}
