//! Himmelblau's function as a custom loss, and its landscape with four valleys of equal depth.

use wgloss::custom::{ElementScore, Pointwise};
use wgloss::header::{Denominator, Header, OperandSpec, Role, Source};
use wgloss::landscape::{Grid, Surface};
use wgloss::{Array, Gpu, Reduction, Result, Term};
use wgloss_chart::{Chart, Mark, Scale, Shape, View};

wgloss::loss! {
    /// `(w1² + w2 − 11)² + (w1 + w2² − 7)²` for each element of two tensors of one shape, both differentiable.
    ///
    /// Reference: Himmelblau, "Applied Nonlinear Programming", 1972.
    pub struct Himmelblau of (w1, w2) as Pointwise {}
}

/// Everything about the loss except its mathematics. The library's losses have such headers too.
static HEADER: Header = Header {
    id: "himmelblau",
    title: "Himmelblau's function",
    operands: &[
        OperandSpec::new("w1", Role::Element).differentiable(),
        OperandSpec::new("w2", Role::Element).differentiable(),
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: Source { path: "himmelblau", text: include_str!("himmelblau.wgsl") },
    default: || Box::new(Himmelblau::default()),
};

/// The mathematics for the CPU. himmelblau.wgsl has it for the GPU.
impl Pointwise for Himmelblau {
    fn score(&self, [w1, w2, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let a = w1 * w1 + w2 - 11.0;
        let b = w1 + w2 * w2 - 7.0;
        let d = [4.0 * a * w1 + 2.0 * b, 2.0 * a + 4.0 * b * w2, 0.0, 0.0];
        ElementScore { loss: a * a + b * b, d }
    }
}

/// A common starting point for optimisers.
pub const START: [f32; 2] = [-4.5, 4.5];
/// The minimum with integer coordinates.
pub const MINIMUM: [f32; 2] = [3.0, 2.0];

/// The default number of points along each side of the grid.
pub const SIZE: usize = 200;

/// The most points in one upload.
const BATCH: usize = 1 << 20;

/// The loss at each of the points, without reduction.
pub fn term(points: &[[f32; 2]]) -> Result<Term<Array>> {
    let [w1, w2] = operands(points)?;
    Ok(Himmelblau::default().of(&w1, &w2).reduce(Reduction::None))
}

/// The two coordinates of the points as tensors.
pub fn operands(points: &[[f32; 2]]) -> Result<[Array; 2]> {
    let along = |axis: usize| points.iter().map(|point| point[axis]).collect::<Vec<f32>>();
    Ok([Array::new(&along(0), [points.len()])?, Array::new(&along(1), [points.len()])?])
}

/// Evaluates the landscape on the GPU, with `size` points along each side.
pub fn surface(gpu: &Gpu, size: usize) -> Result<Surface> {
    let grid = Grid::new([-6.0, 6.0], [-6.0, 6.0], [size, size])?;
    grid.surface(BATCH, |points| Ok(gpu.value(&term(points)?)?.tensor().read().wait()?.to_f32()))
}

/// The chart of a landscape. The scale is logarithmic, because the rim is far higher than the valleys.
pub fn chart(surface: &Surface) -> std::result::Result<Chart, wgloss_chart::Error> {
    let value = |[w1, w2]: [f32; 2]| Himmelblau::default().score([w1.into(), w2.into(), 0.0, 0.0], [0.0; 3]).loss;
    let mark = |name: &str, at, shape| Mark { name: name.into(), at, value: value(at), shape };
    let grid = surface.grid();
    Ok(Chart {
        title: "Himmelblau’s function".into(),
        axes: ["w1", "w2", "loss"].map(String::from),
        marks: vec![mark("start", START, Shape::Disc), mark("minimum", MINIMUM, Shape::Star)],
        scale: Scale::Logarithmic,
        view: View::Surface { around: -60.0, above: 28.0 },
        grid: wgloss_chart::Grid::new(grid.ends(), grid.size(), surface.values())?,
    })
}
