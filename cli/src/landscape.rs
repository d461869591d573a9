//! `wgloss landscape`: draws numbers over a grid: a loss, a function of the user's, or the numbers of a file.

mod digits;
mod function;
mod himmelblau;

use crate::failure::Failure;
use crate::files::{self, output};
use clap::{Args, ValueEnum};
use digits::Digits;
use std::io::Write;
use wgloss::Gpu;
use wgloss::landscape::{Grid, Surface};
use wgloss_chart::{Chart, Mark, Scale, Shape, View};

/// The arguments of `wgloss landscape`.
#[derive(Args)]
pub struct Landscape {
    /// The surface to draw.
    #[arg(long, value_enum, default_value = "himmelblau", conflicts_with_all = ["grid", "wgsl"])]
    surface: Known,
    /// Draw the numbers of a file of shape [rows, columns]: FILE.npy, FILE.npz:ARRAY, FILE.safetensors:TENSOR or -.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wgsl", "size"])]
    grid: Option<String>,
    /// Draw a function of your own, `fn f(x: f32, y: f32) -> f32` in a file of WGSL, which the GPU evaluates.
    #[arg(long, value_name = "FILE")]
    wgsl: Option<String>,
    /// The first and the last value of both coordinates of --wgsl (default -1,1,-1,1) or of --grid (default: the columns and
    /// rows).
    #[arg(long, value_name = "X0,X1,Y0,Y1", value_parser = ends, allow_hyphen_values = true, conflicts_with = "surface")]
    ends: Option<Ends>,
    /// The points along each side of the grid, 2 to 1000. The default depends on the surface.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1000))]
    size: Option<u32>,
    /// The .png or .svg file to write. The default is the surface's name, or that of the file, with .png.
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
    /// Draw a map from above instead of a surface.
    #[arg(long)]
    map: bool,
    /// Scale the numbers of --grid or --wgsl by log(1 + |number|).
    #[arg(long, conflicts_with = "surface")]
    log: bool,
    /// The text above the picture of --grid or --wgsl.
    #[arg(long, conflicts_with = "surface")]
    title: Option<String>,
}

/// The first and the last value of each coordinate.
type Ends = [[f32; 2]; 2];

/// The default number of points along each side of a function's grid.
const SIZE: usize = 200;

/// A loss that has a landscape.
#[derive(Clone, Copy, ValueEnum)]
enum Known {
    /// Himmelblau's function of two parameters.
    Himmelblau,
    /// The cross-entropy of a small network on handwritten digits, around its trained weights. It is trained first.
    Digits,
}

impl Landscape {
    /// Evaluates the numbers, writes the picture, and prints where they are lowest.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let name = self.name();
        let place = self.out.clone().unwrap_or(format!("{name}.png"));
        output::check(&place, &[".png", ".svg"])?;
        let (surface, chart) = match (&self.grid, &self.wgsl) {
            (Some(file), _) => self.of_file(file)?,
            (_, Some(file)) => {
                let size = self.points(SIZE);
                let [x, y] = self.ends.unwrap_or([[-1.0, 1.0]; 2]);
                let surface = function::surface(file, &Grid::new(x, y, [size, size])?)?;
                let chart = self.chart(&surface);
                (surface, chart)
            }
            _ => self.known()?,
        };
        let drawn = chart.and_then(|mut chart| {
            chart.view = if self.map { View::Map } else { chart.view };
            match place.ends_with(".svg") {
                true => chart.svg().map(String::into_bytes),
                false => chart.png(),
            }
        });
        let picture = drawn.map_err(|error| Failure::Drawing(error.to_string()))?;
        output::write(&[(&place, picture)])?;
        let [columns, rows] = surface.grid().size();
        let what = if self.grid.is_some() || self.wgsl.is_some() { "numbers" } else { "losses" };
        if let Some(([x, y], lowest)) = surface.lowest() {
            writeln!(out, "{name}: the lowest of {columns} x {rows} {what} is {lowest:?} at ({x:?}, {y:?})")?;
        }
        Ok(writeln!(out, "{place}")?)
    }

    /// The name of what is drawn: that of the surface or the tensor, or the file's name without its folder and its ending.
    fn name(&self) -> String {
        let stem = |file: &String| {
            let (path, tensor) = files::split(file);
            let stem = std::path::Path::new(&path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            match tensor {
                Some(tensor) => tensor.replace(['/', '\\'], "_"),
                None => stem.filter(|stem| stem != files::STANDARD).unwrap_or("grid".into()),
            }
        };
        match (self.grid.as_ref().or(self.wgsl.as_ref()).map(stem), self.surface) {
            (Some(stem), _) => stem,
            (None, Known::Himmelblau) => "himmelblau".into(),
            (None, Known::Digits) => "digits".into(),
        }
    }

    fn points(&self, usual: usize) -> usize {
        self.size.map_or(usual, |size| size as usize)
    }

    fn known(&self) -> Result<Drawn, Failure> {
        let gpu = Gpu::new()?;
        Ok(match self.surface {
            Known::Himmelblau => {
                let surface = himmelblau::surface(&gpu, self.points(himmelblau::SIZE))?;
                let chart = himmelblau::chart(&surface);
                (surface, chart)
            }
            Known::Digits => {
                let digits = Digits::load();
                let (weights, losses) = digits::train(&gpu, &digits)?;
                let surface = digits::surface(&gpu, &digits, &digits::plane(weights)?, self.points(digits::SIZE))?;
                let chart = digits::chart(&surface, losses.last().copied().unwrap_or(f32::NAN));
                (surface, chart)
            }
        })
    }

    fn of_file(&self, file: &str) -> Result<Drawn, Failure> {
        let array = files::read(file)?;
        let &[rows, columns] = array.shape() else {
            return Err(Failure::Input(format!("{file}: has shape {:?}, expected [rows, columns]", array.shape())));
        };
        let along = |count: usize| [0.0, count.saturating_sub(1) as f32];
        let [x, y] = self.ends.unwrap_or([along(columns), along(rows)]);
        let surface = Surface::new(Grid::new(x, y, [columns, rows])?, array.to_f32())?;
        let chart = self.chart(&surface);
        Ok((surface, chart))
    }

    /// The chart of a file's numbers or of a user's function, with a mark at the lowest number.
    fn chart(&self, surface: &Surface) -> Result<Chart, wgloss_chart::Error> {
        let mark =
            |(at, value): ([f32; 2], f32)| Mark { name: "lowest".into(), at, value: value.into(), shape: Shape::Star };
        let grid = surface.grid();
        Ok(Chart {
            title: self.title.clone().unwrap_or_else(|| self.name()),
            axes: ["x", "y", ""].map(String::from),
            marks: surface.lowest().map(mark).into_iter().collect(),
            scale: if self.log { Scale::Logarithmic } else { Scale::Linear },
            view: View::Surface { around: -60.0, above: 28.0 },
            grid: wgloss_chart::Grid::new(grid.ends(), grid.size(), surface.values())?,
        })
    }
}

/// A surface, and its chart where it can be drawn.
type Drawn = (Surface, Result<Chart, wgloss_chart::Error>);

fn ends(text: &str) -> Result<Ends, String> {
    let numbers: Option<Vec<f32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x0, x1, y0, y1]) if x0 < x1 && y0 < y1 => Ok([[x0, x1], [y0, y1]]),
        _ => Err("expected four numbers X0,X1,Y0,Y1 with X0 < X1 and Y0 < Y1".into()),
    }
}
