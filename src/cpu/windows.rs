//! A value for each item: the mean of the scores of all windows over its two pictures.

use crate::array::Array;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{WindowScore, WindowSettings, WindowStatistics, Windows};
use crate::loss::{Header, OperandSpec};
use crate::role::Role;
use crate::shape::Pictures;
use crate::term::Part;

/// A pixel of a window: its weight, and its place in the pictures; `None` for a zero of the padding around them.
type Pixel = (f64, Option<usize>);

/// A window's statistics and its score.
pub(super) type Scored = (WindowStatistics, WindowScore);

/// The scores of all windows, and the pictures, which gradients need.
pub(super) struct Windowed {
    header: &'static Header,
    view: View,
    windows: Vec<Scored>,
    values: Vec<Value>,
}

/// Two pictures `x` and `y` of one shape, and the layout of their windows: `map` has a pixel for each window.
pub(super) struct View {
    pub pictures: Pictures,
    pub map: Pictures,
    settings: WindowSettings,
    weights: Vec<f64>,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

impl Windowed {
    pub fn new(part: &Part<Array>, leaf: &dyn Windows, pictures: Pictures) -> Windowed {
        let view = View::of_operands(part, leaf, pictures);
        let windows = view.scored(&|of| leaf.score(of));
        // every item has at least one window
        let mean = |item: &[Scored]| item.iter().map(|(_, score)| score.loss).sum::<f64>() / item.len() as f64;
        let values = windows.chunks(view.map.per_item().max(1)).map(|item| Value::of(mean(item))).collect();
        Windowed { header: part.loss.header(), view, windows, values }
    }
}

impl View {
    /// The pictures that are the operands of a part.
    pub fn of_operands(part: &Part<Array>, leaf: &dyn Windows, pictures: Pictures) -> View {
        let mut operands = part.loss.header().operands.iter().filter(|spec| spec.role == Role::Pictures);
        let mut next =
            || operands.next().and_then(|spec| part.operand(spec.name)).map(Array::to_f64).unwrap_or_default();
        let (x, y) = (next(), next());
        View::new(leaf.settings(), pictures, x, y)
    }

    pub fn new(settings: WindowSettings, pictures: Pictures, x: Vec<f64>, y: Vec<f64>) -> View {
        let map = pictures.windows(settings.size, settings.margin());
        View { pictures, map, settings, weights: weights(&settings), x, y }
    }

    /// All windows, in the order of the map.
    pub fn scored(&self, score: &dyn Fn(WindowStatistics) -> WindowScore) -> Vec<Scored> {
        (0..self.map.n * self.map.per_item()).map(|window| self.score(score, window)).collect()
    }

    fn score(&self, score: &dyn Fn(WindowStatistics) -> WindowScore, window: usize) -> Scored {
        let pixels = self.pixels(window);
        let sum = |f: &dyn Fn(f64, f64) -> f64| {
            let pixel = |(weight, at): &Pixel| weight * at.map_or(f(0.0, 0.0), |at| f(self.x[at], self.y[at]));
            pixels.iter().map(pixel).sum::<f64>()
        };
        let [mean, mean_y, mean_difference] = [sum(&|x, _| x), sum(&|_, y| y), sum(&|x, y| x - y)];
        let statistics = WindowStatistics {
            mean,
            mean_difference,
            spread: sum(&|x, y| (x - mean).powi(2) + (y - mean_y).powi(2)),
            spread_difference: sum(&|x, y| (x - y - mean_difference).powi(2)),
        };
        let score = score(statistics);
        let unknown = WindowScore { loss: f64::NAN, d: [f64::NAN; 4] };
        // infinite pixels make a spread infinite or NaN
        let known = statistics.spread.is_finite() && statistics.spread_difference.is_finite() && !score.loss.is_nan();
        (statistics, if known { score } else { unknown })
    }

    /// The pixels of a window.
    fn pixels(&self, window: usize) -> Vec<Pixel> {
        let Pictures { height, width, .. } = self.pictures;
        let (line, column) = (window / self.map.width, window % self.map.width);
        let (plane, line) = (line / self.map.height, line % self.map.height);
        let (size, margin) = (self.settings.size, self.settings.margin());
        let pixel = |(a, b): (usize, usize)| {
            let (y, x) = ((line + a).checked_sub(margin), (column + b).checked_sub(margin));
            let inside = y.zip(x).filter(|(y, x)| *y < height && *x < width);
            (self.weights[a] * self.weights[b], inside.map(|(y, x)| self.pictures.element(plane, y, x)))
        };
        (0..size).flat_map(|a| (0..size).map(move |b| (a, b))).map(pixel).collect()
    }

    /// The gradient of `Σ scale(window)·score` with respect to `x`, or to `y` if `of_target`.
    pub fn gradient(&self, windows: &[Scored], of_target: bool, scale: &dyn Fn(usize) -> f64) -> Vec<f64> {
        let mut gradient = vec![0.0; self.x.len()];
        for (window, (of, score)) in windows.iter().enumerate() {
            let [d_mean, d_difference, d_spread, d_spread_difference] = score.d.map(|d| d * scale(window));
            let mean_y = of.mean - of.mean_difference;
            for (weight, at) in self.pixels(window) {
                let Some(at) = at else { continue };
                let (x, y) = (self.x[at], self.y[at]);
                // half the derivative of the spread of the difference
                let apart = (x - y - of.mean_difference) * d_spread_difference;
                gradient[at] += weight
                    * match of_target {
                        false => d_mean + d_difference + 2.0 * ((x - of.mean) * d_spread + apart),
                        true => 2.0 * ((y - mean_y) * d_spread - apart) - d_difference,
                    };
            }
        }
        gradient
    }
}

/// The weights along a window's side: a bell curve of sum 1.
fn weights(settings: &WindowSettings) -> Vec<f64> {
    let middle = (settings.size - 1) as f64 / 2.0;
    let bell = |k: usize| (-((k as f64 - middle) / settings.sigma).powi(2) / 2.0).exp();
    let sum: f64 = (0..settings.size).map(bell).sum();
    (0..settings.size).map(|k| bell(k) / sum).collect()
}

impl Walk for Windowed {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let of_target = operand.name != self.header.operands[0].name;
        let per_item = self.view.map.per_item();
        let scale = |window: usize| scales[window / per_item][0] / per_item as f64;
        self.view.gradient(&self.windows, of_target, &scale)
    }
}
