//! `wgloss landscape`: draws a loss over a grid as a surface.

mod digits;
mod himmelblau;

use crate::failure::Failure;
use crate::files::output;
use clap::{Args, ValueEnum};
use digits::Digits;
use std::io::Write;
use wgloss::Gpu;

/// The arguments of `wgloss landscape`.
#[derive(Args)]
pub struct Landscape {
    /// The surface to draw.
    #[arg(long, value_enum, default_value = "himmelblau")]
    surface: Surface,
    /// The points along each side of the grid, 2 to 1000. The default depends on the surface.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1000))]
    size: Option<u32>,
    /// The .png or .svg file to write. The default is the surface's name with .png.
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

/// A loss that has a landscape.
#[derive(Clone, Copy, ValueEnum)]
enum Surface {
    /// Himmelblau's function of two parameters.
    Himmelblau,
    /// The cross-entropy of a small network on handwritten digits, around its trained weights. It is trained first.
    Digits,
}

impl Landscape {
    /// Evaluates the loss on the GPU, writes the picture, and prints where the loss is lowest.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let name = match self.surface {
            Surface::Himmelblau => "himmelblau",
            Surface::Digits => "digits",
        };
        let place = self.out.clone().unwrap_or(format!("{name}.png"));
        output::check(&place, &[".png", ".svg"])?;
        let gpu = Gpu::new()?;
        let size = |usual: usize| self.size.map_or(usual, |size| size as usize);
        let (surface, chart) = match self.surface {
            Surface::Himmelblau => {
                let surface = himmelblau::surface(&gpu, size(himmelblau::SIZE))?;
                let chart = himmelblau::chart(&surface);
                (surface, chart)
            }
            Surface::Digits => {
                let digits = Digits::load();
                let (weights, losses) = digits::train(&gpu, &digits)?;
                let surface = digits::surface(&gpu, &digits, &digits::plane(weights)?, size(digits::SIZE))?;
                let chart = digits::chart(&surface, losses.last().copied().unwrap_or(f32::NAN));
                (surface, chart)
            }
        };
        let drawn = chart.and_then(|chart| match place.ends_with(".svg") {
            true => chart.svg().map(String::into_bytes),
            false => chart.png(),
        });
        let picture = drawn.map_err(|error| Failure::Drawing(error.to_string()))?;
        output::write(&[(&place, picture)])?;
        let [columns, rows] = surface.grid().size();
        if let Some(([x, y], loss)) = surface.lowest() {
            writeln!(out, "{name}: the lowest of {columns} x {rows} losses is {loss:?} at ({x:?}, {y:?})")?;
        }
        Ok(writeln!(out, "{place}")?)
    }
}
