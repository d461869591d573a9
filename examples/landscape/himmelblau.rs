//! Himmelblau's function as a loss of one's own, and its landscape: four valleys of equal depth.

use super::chart::{Chart, Mark, Scale, Shape};
use wgloss::landscape::{Grid, Surface};
use wgloss::{
    Array, Denominator, ElementScore, Gpu, Header, OperandSpec, Pointwise, Reduction, Result, Role, Source, Term,
};

wgloss::loss! {
    /// `(w1² + w2 − 11)² + (w1 + w2² − 7)²` for each element of two tensors of one shape, both differentiable.
    ///
    /// Reference: Himmelblau, "Applied Nonlinear Programming", 1972.
    pub struct Himmelblau of (w1, w2) as Pointwise {}
}

/// What a loss is besides its mathematics. The library's own are described no differently.
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

/// The mathematics for the CPU; himmelblau.wgsl says the same to the GPU.
impl Pointwise for Himmelblau {
    fn score(&self, [w1, w2, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let a = w1 * w1 + w2 - 11.0;
        let b = w1 + w2 * w2 - 7.0;
        let d = [4.0 * a * w1 + 2.0 * b, 2.0 * a + 4.0 * b * w2, 0.0, 0.0];
        ElementScore { loss: a * a + b * b, d }
    }
}

/// Where an optimiser is commonly started from, and where it should get to.
pub const START: [f32; 2] = [-4.5, 4.5];
/// The one of the four minima that has round coordinates.
pub const MINIMUM: [f32; 2] = [3.0, 2.0];

/// The points along each side of the grid, unless others are asked for.
pub const SIZE: usize = 200;

/// The most points that are uploaded at once.
const BATCH: usize = 1 << 20;

/// The loss at each of these points, not reduced.
pub fn term(points: &[[f32; 2]]) -> Result<Term<Array>> {
    let [w1, w2] = operands(points)?;
    Ok(Himmelblau::default().of(&w1, &w2).reduce(Reduction::None))
}

/// The two coordinates of the points, each a tensor.
pub fn operands(points: &[[f32; 2]]) -> Result<[Array; 2]> {
    let along = |axis: usize| points.iter().map(|point| point[axis]).collect::<Vec<f32>>();
    Ok([Array::new(&along(0), [points.len()])?, Array::new(&along(1), [points.len()])?])
}

/// The landscape, `size` points along each side, evaluated on the GPU.
pub fn surface(gpu: &Gpu, size: usize) -> Result<Surface> {
    let grid = Grid::new([-6.0, 6.0], [-6.0, 6.0], [size, size])?;
    grid.surface(BATCH, |points| Ok(gpu.value(&term(points)?)?.tensor().read().wait()?.to_f32()))
}

/// The picture of a landscape. The valleys are shallow beside the rim, which a logarithm evens out.
pub fn chart(surface: Surface) -> Chart {
    let value = |[w1, w2]: [f32; 2]| Himmelblau::default().score([w1.into(), w2.into(), 0.0, 0.0], [0.0; 3]).loss;
    let mark = |name: &str, at, shape| Mark { name: name.into(), at, value: value(at), shape };
    Chart {
        title: "Himmelblau’s function".into(),
        axes: ["w1", "w2", "loss"].map(String::from),
        marks: vec![mark("start", START, Shape::Disc), mark("minimum", MINIMUM, Shape::Star)],
        scale: Scale::Logarithmic,
        view: [-60.0, 28.0],
        surface,
    }
}
