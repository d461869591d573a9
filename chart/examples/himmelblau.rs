//! Draws Himmelblau's function as a surface and as a map: `himmelblau-surface.png` and `himmelblau-map.svg`.
//!
//! Run it with `cargo run -p wgloss-chart --example himmelblau -- FOLDER`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use wgloss_chart::{Chart, Grid, Mark, Scale, Shape, View};

const SIZE: usize = 121;

fn function([x, y]: [f32; 2]) -> f32 {
    (x * x + y - 11.0).powi(2) + (x + y * y - 7.0).powi(2)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder for the pictures")?);
    let along = |step: usize| 12.0 * step as f32 / (SIZE - 1) as f32 - 6.0;
    let numbers: Vec<f32> =
        (0..SIZE * SIZE).map(|place| function([along(place % SIZE), along(place / SIZE)])).collect();
    // the surface hides one of the minima
    let minima = [[3.0, 2.0], [-2.805, 3.131], [-3.779, -3.283], [3.584, -1.848]];
    let mark = |(k, at): (usize, [f32; 2])| Mark {
        name: format!("minimum {}", k + 1),
        at,
        value: function(at).into(),
        shape: Shape::Star,
    };
    let mut chart = Chart {
        title: "Himmelblau’s function".into(),
        axes: ["x", "y", "value"].map(String::from),
        grid: Grid::new([[-6.0, 6.0], [-6.0, 6.0]], [SIZE, SIZE], &numbers)?,
        scale: Scale::Logarithmic,
        marks: (0..).zip(minima).map(mark).collect(),
        view: View::Surface { around: -60.0, above: 35.0 },
    };
    fs::write(folder.join("himmelblau-surface.png"), chart.png()?)?;
    chart.view = View::Map;
    fs::write(folder.join("himmelblau-map.svg"), chart.svg()?)?;
    Ok(())
}
