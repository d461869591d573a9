//! Draws a loss as a landscape: evaluated over a grid on the GPU, seen as a surface with its contours below.
//!
//! The landscape is of a function that optimisers are tried on, Himmelblau's, which is here a loss of this program's
//! own: a leaf in WGSL and the same in Rust, beside a header (`himmelblau.rs`). The library gives it a GPU kernel with
//! reductions, masks and gradients, and the CPU twin that proves it. 40,000 points are one call.
//!
//! What draws is in `chart/`, and `wgloss landscape` draws the same: `cargo run -p wgloss-cli -- landscape --help`.
//!
//! `cargo run --release --example landscape` draws `out/himmelblau.png` and `.svg`.

mod chart;
mod himmelblau;

use chart::Chart;
use std::error::Error;
use std::fs;
use std::path::Path;
use wgloss::landscape::Surface;
use wgloss::{Gpu, Reduction, cpu};

/// The points along each side of the grid.
const SIZE: usize = 200;

/// Where Himmelblau's function is 0, to six decimals.
const MINIMA: [[f32; 2]; 4] =
    [himmelblau::MINIMUM, [-2.805_118, 3.131_312], [-3.779_310, -3.283_186], [3.584_428, -1.848_126]];

fn main() -> Result<(), Box<dyn Error>> {
    let gpu = Gpu::new()?;
    valleys(&gpu)?;
    let surface = himmelblau::surface(&gpu, SIZE)?;
    compare(&surface)?;
    let (at, loss) = surface.lowest().ok_or("a landscape of numbers has a lowest point")?;
    println!("the lowest of {SIZE} x {SIZE} points is {loss:.4} at {at:?}");
    let [x, y] = MINIMA.iter().map(|minimum| [at[0] - minimum[0], at[1] - minimum[1]]).min_by(nearer).unwrap_or(at);
    // the grid's points are 12/199 apart
    assert!(x.abs().max(y.abs()) < 0.061, "no minimum is near {at:?}");
    save("himmelblau", &himmelblau::chart(surface))
}

/// Looks at the four minima: there is no loss there, and no slope.
fn valleys(gpu: &Gpu) -> Result<(), Box<dyn Error>> {
    let [w1, w2] = himmelblau::operands(&MINIMA)?;
    let term = himmelblau::Himmelblau::default().of(&w1, &w2);
    let losses = gpu.value(&term.clone().reduce(Reduction::None))?.tensor().read().wait()?.to_f64();
    let (_, slopes) = gpu.gradients(&term.reduce(Reduction::Sum), [&w1, &w2])?;
    let [d_w1, d_w2] = [slopes[0].read().wait()?.to_f64(), slopes[1].read().wait()?.to_f64()];
    for (place, [w1, w2]) in MINIMA.iter().enumerate() {
        println!("({w1:9.6}, {w2:9.6})  loss {:.1e}  slope {:+.1e} {:+.1e}", losses[place], d_w1[place], d_w2[place]);
        // What is squared is off by 1e-5 at most: six decimals of a coordinate are right to 5e-7, which a slope of 8
        // makes 4e-6, and f32 rounds terms below 16 three times by 1e-6. The slope is 4·4·1e-5 + 2·1e-5 then.
        assert!(losses[place] < 2e-10 && d_w1[place].abs().max(d_w2[place].abs()) < 2e-4);
    }
    Ok(())
}

/// Compares a surface with the CPU twin, point by point.
fn compare(surface: &Surface) -> Result<(), Box<dyn Error>> {
    let grid = surface.grid();
    let points: Vec<_> = (0..grid.points()).map(|place| grid.point(place)).collect();
    let twins = cpu::value(&himmelblau::term(&points)?)?.tensor().to_f64();
    let mut worst: f64 = 0.0;
    for (&loss, twin) in surface.values().iter().zip(twins) {
        // f32 rounds terms below 64 three times by 4e-6, and a square doubles what its root is off by; the rounding of
        // the squares themselves adds as much again at most
        let bound = 5e-5 * twin.sqrt() + 1e-9;
        worst = worst.max((f64::from(loss) - twin).abs() / bound);
    }
    println!("the CPU twin differs by {worst:.2} of what f32 can be off by, at most");
    assert!(worst < 1.0);
    Ok(())
}

fn nearer(a: &[f32; 2], b: &[f32; 2]) -> std::cmp::Ordering {
    a[0].hypot(a[1]).total_cmp(&b[0].hypot(b[1]))
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
