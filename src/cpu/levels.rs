//! A value for each item: the mean over its planes of 1 − a product over levels. Each level's factor follows from the mean
//! score of its windows.

use crate::array::Array;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::cpu::windows::{Scored, View};
use crate::leaf::{WindowScore, WindowStatistics, Windows};
use crate::loss::{Header, OperandSpec};
use crate::shape::Pictures;
use crate::term::Part;

/// The levels of two pictures, with the scores and derivatives that gradients need.
pub(super) struct Levelled {
    header: &'static Header,
    /// The levels, the finest first.
    levels: Vec<Level>,
    values: Vec<Value>,
}

/// A level: its windows, and for each plane the derivative of the plane's loss with respect to the mean of their scores.
struct Level {
    view: View,
    windows: Vec<Scored>,
    slopes: Vec<f64>,
}

impl Levelled {
    pub fn new(part: &Part<Array>, leaf: &dyn Windows, pictures: Pictures) -> Levelled {
        let weights = leaf.levels();
        let structure = |of: WindowStatistics| leaf.score(WindowStatistics { mean_difference: 0.0, ..of });
        let whole = |of: WindowStatistics| leaf.score(of);
        let mut levels: Vec<Level> = Vec::new();
        for place in 0..weights.len() {
            let view = match levels.last() {
                None => View::of_operands(part, leaf, pictures),
                Some(Level { view: finer, .. }) => {
                    let [x, y] = [&finer.x, &finer.y].map(|pixels| halved(&finer.pictures, pixels));
                    View::new(leaf.settings(), finer.pictures.halved(), x, y)
                }
            };
            let score: &dyn Fn(_) -> WindowScore = if place + 1 < weights.len() { &structure } else { &whole };
            levels.push(Level { windows: view.scored(score), view, slopes: Vec::new() });
        }
        let mut losses = Vec::new();
        for plane in 0..pictures.planes() {
            let means: Vec<f64> = levels.iter().map(|level| level.mean(plane)).collect();
            let (loss, slopes) = product(&means, weights);
            losses.push(loss);
            levels.iter_mut().zip(slopes).for_each(|(level, slope)| level.slopes.push(slope));
        }
        let mean = |item: &[f64]| Value::of(item.iter().sum::<f64>() / item.len() as f64);
        let values = losses.chunks(pictures.c.max(1)).map(mean).collect();
        Levelled { header: part.loss.header(), levels, values }
    }
}

/// 1 − Π max(1 − m, 0)^weight, and its derivatives with respect to the means `m`.
fn product(means: &[f64], weights: &[f64]) -> (f64, Vec<f64>) {
    if means.iter().any(|mean| mean.is_nan()) {
        return (f64::NAN, vec![f64::NAN; means.len()]);
    }
    // a factor max(1 − m, 0) of 0 makes the product 0, and stays 0 as m grows: there is no slope
    if means.iter().any(|&mean| mean >= 1.0) {
        return (1.0, vec![0.0; means.len()]);
    }
    let log: f64 = means.iter().zip(weights).map(|(mean, weight)| weight * (-mean).ln_1p()).sum();
    let slope = |(mean, weight): (&f64, &f64)| weight * log.exp() / (1.0 - mean);
    (-log.exp_m1(), means.iter().zip(weights).map(slope).collect())
}

/// The means of 2 × 2 pixels of pictures. A side of odd length has zeros before its first pixels.
fn halved(pictures: &Pictures, pixels: &[f64]) -> Vec<f64> {
    let Pictures { height, width, .. } = *pictures;
    let coarser = pictures.halved();
    let pixel = |plane: usize, y: usize, x: usize| {
        let four = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(a, b)| {
            let at = (2 * y + a).checked_sub(height % 2).zip((2 * x + b).checked_sub(width % 2));
            at.map_or(0.0, |(y, x)| pixels[pictures.element(plane, y, x)])
        });
        four.iter().sum::<f64>() / 4.0
    };
    let lines = (0..pictures.planes()).flat_map(|plane| (0..coarser.height).map(move |y| (plane, y)));
    lines.flat_map(|(plane, y)| (0..coarser.width).map(move |x| pixel(plane, y, x))).collect()
}

impl Level {
    /// The number of windows of a plane.
    fn per_plane(&self) -> usize {
        self.view.map.height * self.view.map.width
    }

    /// The mean score of a plane's windows.
    fn mean(&self, plane: usize) -> f64 {
        let windows = &self.windows[plane * self.per_plane()..(plane + 1) * self.per_plane()];
        windows.iter().map(|(_, score)| score.loss).sum::<f64>() / windows.len() as f64
    }

    /// Adds the gradient of the next, coarser level to the gradient of this level. A coarser pixel is the mean of four
    /// pixels, so that each of these gets a quarter of its gradient.
    fn add_coarser(&self, gradient: &mut [f64], coarser: &[f64]) {
        let Pictures { height, width, .. } = self.view.pictures;
        let next = self.view.pictures.halved();
        for plane in 0..next.planes() {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let parent = next.element(plane, (y + height % 2) / 2, (x + width % 2) / 2);
                gradient[self.view.pictures.element(plane, y, x)] += coarser[parent] / 4.0;
            }
        }
    }
}

impl Walk for Levelled {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let of_target = operand.name != self.header.operands[0].name;
        let mut coarser: Option<Vec<f64>> = None;
        for level in self.levels.iter().rev() {
            let (per_plane, channels) = (level.per_plane(), level.view.pictures.c);
            let scale = |window: usize| {
                let plane = window / per_plane;
                scales[plane / channels][0] * level.slopes[plane] / (channels * per_plane) as f64
            };
            let mut gradient = level.view.gradient(&level.windows, of_target, &scale);
            if let Some(coarser) = &coarser {
                level.add_coarser(&mut gradient, coarser);
            }
            coarser = Some(gradient);
        }
        coarser.unwrap_or_default()
    }
}
