//! Draws losses as landscapes: evaluates each over a grid on the GPU, and draws a surface with its contours below.
//!
//! The first is Himmelblau's function, a test function for optimisers. Here it is a loss of this program
//! (`cli/src/landscape/himmelblau.rs`): a leaf in WGSL, the same leaf in Rust, and a header. The library gives it a GPU
//! kernel with reductions, masks and gradients, and a CPU twin to compare with. 40,000 points are one call.
//!
//! The second is the cross-entropy of a network that reads handwritten digits, around its trained weights
//! (`cli/src/landscape/digits.rs`). 3,721 networks see 1,797 images each, and only their losses leave the GPU.
//!
//! The crate `wgloss-chart` draws them. `wgloss landscape` draws the same pictures: `cargo run -p wgloss-cli -- landscape
//! --help`.
//!
//! Run it with `cargo run --release --example landscape`. It draws `out/himmelblau.png` and `out/digits.png`, and both
//! as `.svg`.

// `wgloss landscape` uses these two files too
#[path = "../../cli/src/landscape/digits.rs"]
mod digits;
#[path = "../../cli/src/landscape/himmelblau.rs"]
mod himmelblau;

use digits::{Digits, IMAGES};
use std::error::Error;
use std::fs;
use std::path::Path;
use wgloss::landscape::{Plane, Surface};
use wgloss::{Array, CrossEntropy, Gpu, Reduction, cpu};
use wgloss_chart::Chart;

/// The zeros of Himmelblau's function, to six decimals.
const MINIMA: [[f32; 2]; 4] =
    [himmelblau::MINIMUM, [-2.805_118, 3.131_312], [-3.779_31, -3.283_186], [3.584_428, -1.848_126]];

fn main() -> Result<(), Box<dyn Error>> {
    let gpu = Gpu::new()?;

    valleys(&gpu)?;
    let surface = himmelblau::surface(&gpu, himmelblau::SIZE)?;
    compare(&surface)?;
    let (at, loss) = surface.lowest().ok_or("a landscape of numbers has a lowest point")?;
    println!("the lowest of {0} x {0} points is {loss:.4} at {at:?}", himmelblau::SIZE);
    // points of the grid are 12/199 apart
    let near = |minimum: &[f32; 2]| (at[0] - minimum[0]).abs().max((at[1] - minimum[1]).abs()) < 0.061;
    assert!(MINIMA.iter().any(near), "no minimum is near {at:?}");
    save("himmelblau", &himmelblau::chart(&surface)?)?;

    let digits = Digits::load();
    let (weights, losses) = digits::train(&gpu, &digits)?;
    let (untrained, trained) = (losses[0], losses[losses.len() - 1]);
    println!("{} steps of gradient descent: loss {untrained:.4} -> {trained:.4}", losses.len() - 1);
    let plane = digits::plane(weights)?;
    let surface = digits::surface(&gpu, &digits, &plane, digits::SIZE)?;
    compare_networks(&digits, &plane, &surface)?;
    surroundings(&surface, trained)?;
    save("digits", &digits::chart(&surface, trained)?)
}

/// Checks that loss and slope are zero at Himmelblau's four minima.
fn valleys(gpu: &Gpu) -> Result<(), Box<dyn Error>> {
    let [w1, w2] = himmelblau::operands(&MINIMA)?;
    let term = himmelblau::Himmelblau::default().of(&w1, &w2);
    let losses = gpu.value(&term.clone().reduce(Reduction::None))?.tensor().read().wait()?.to_f64();
    let (_, slopes) = gpu.gradients(&term.reduce(Reduction::Sum), [&w1, &w2])?;
    let [d_w1, d_w2] = [slopes[0].read().wait()?.to_f64(), slopes[1].read().wait()?.to_f64()];
    for (place, [w1, w2]) in MINIMA.iter().enumerate() {
        println!("({w1:9.6}, {w2:9.6})  loss {:.1e}  slope {:+.1e} {:+.1e}", losses[place], d_w1[place], d_w2[place]);
        // The two numbers that are squared are 0 at a minimum. Here each is off by 1e-5 at most: the coordinates are
        // exact to 5e-7, which a derivative of 8 makes 4e-6, and f32 rounds terms below 16 three times, by 1e-6 each.
        // The slope is then at most 4·4·1e-5 + 2·1e-5.
        assert!(losses[place] < 2e-10 && d_w1[place].abs().max(d_w2[place].abs()) < 2e-4);
    }
    Ok(())
}

/// Compares Himmelblau's surface with the CPU twin, point by point.
fn compare(surface: &Surface) -> Result<(), Box<dyn Error>> {
    let grid = surface.grid();
    let points: Vec<_> = (0..grid.points()).map(|place| grid.point(place)).collect();
    let twins = cpu::value(&himmelblau::term(&points)?)?.tensor().to_f64();
    let mut worst: f64 = 0.0;
    for (&loss, twin) in surface.values().iter().zip(twins) {
        // f32 rounds terms below 64 three times by 4e-6, and squaring doubles the relative error. Rounding the squares
        // adds as much again at most.
        let bound = 5e-5 * twin.sqrt() + 1e-9;
        worst = worst.max((f64::from(loss) - twin).abs() / bound);
    }
    println!("the CPU twin differs by at most {worst:.2} of the error that f32 allows");
    assert!(worst < 1.0);
    Ok(())
}

/// Compares losses on the digits' surface with networks on the CPU that have the same weights: in corners, in the
/// middle, and in between.
fn compare_networks(digits: &Digits, plane: &Plane, surface: &Surface) -> Result<(), Box<dyn Error>> {
    let labels = Array::new(&digits.labels, [IMAGES])?;
    let count = surface.grid().points();
    let mut worst: f64 = 0.0;
    for place in [0, count / 3, count / 2, count - 1] {
        let (_, logits) = digits::forward(&plane.at(surface.grid().point(place)), &digits.images);
        let logits = Array::new(&logits, [IMAGES, logits.len() / IMAGES])?;
        let twin = cpu::value(&CrossEntropy::default().of(&logits, &labels))?.loss()?;
        worst = worst.max((f64::from(surface.values()[place]) - twin).abs() / twin);
    }
    println!("networks on the CPU differ by {worst:.1e} of their loss, at most");
    // both sides add up 64 and 32 products in f32, in different orders. Logits differ by 1e-6, and the losses of some
    // images are small differences of logits
    assert!(worst < 1e-4);
    Ok(())
}

/// Checks that the trained network lies at the bottom of the landscape, and that the rim is high.
fn surroundings(surface: &Surface, trained: f32) -> Result<(), Box<dyn Error>> {
    let [columns, rows] = surface.grid().size();
    let centre = surface.at(columns / 2, rows / 2);
    let (at, lowest) = surface.lowest().ok_or("a landscape of numbers has a lowest point")?;
    let on_rim = |place: &usize| [place % columns, place / columns].iter().any(|&k| k == 0 || k == columns - 1);
    let rim: Vec<f32> = (0..columns * rows).filter(on_rim).map(|place| surface.values()[place]).collect();
    let mean = rim.iter().sum::<f32>() / rim.len() as f32;
    println!("the trained network's loss is {centre:.4}, the lowest {lowest:.4} at {at:?}, the rim's mean {mean:.4}");
    // the kernels here and plain Rust evaluate the same network
    assert!((centre - trained).abs() < 1e-4 * trained);
    assert!(lowest > 0.9 * centre && centre < 0.1 * mean);
    Ok(())
}

/// Writes a picture to `out/`, as PNG and as SVG.
fn save(name: &str, chart: &Chart) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
    fs::create_dir_all(&folder)?;
    let file = folder.join(name).with_extension("png");
    fs::write(&file, chart.png()?)?;
    fs::write(file.with_extension("svg"), chart.svg()?)?;
    println!("{}", file.display());
    Ok(())
}
