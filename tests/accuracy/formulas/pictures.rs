//! Losses of pictures, which compare neighbouring pixels.

use super::Inputs;
use super::math::square;
use crate::big::Big;

pub fn total_variation(of: &Inputs) -> Vec<Big> {
    let &[n, c, h, w] = &of.shape[..] else { panic!("{:?} are no pictures", of.shape) };
    let power = |d: Big| if of.number("p") == 1.0 { d.abs() } else { square(d) };
    let item = |i: usize| {
        let at = |k: usize, y: usize, x: usize| of.x("input", ((i * c + k) * h + y) * w + x);
        let pixels = (0..c).flat_map(|k| (0..h).flat_map(move |y| (0..w).map(move |x| (k, y, x))));
        let pixel = |(k, y, x): (usize, usize, usize)| {
            let right = (x + 1 < w).then(|| power(at(k, y, x + 1) - at(k, y, x)));
            let below = (y + 1 < h).then(|| power(at(k, y + 1, x) - at(k, y, x)));
            right.into_iter().chain(below).sum::<Big>()
        };
        pixels.map(pixel).sum()
    };
    (0..n).map(item).collect()
}

/// One plane of both pictures.
struct Plane {
    height: usize,
    width: usize,
    pixels: Vec<[Big; 2]>,
}

impl Plane {
    fn of(of: &Inputs, plane: usize) -> Plane {
        let &[_, _, height, width] = &of.shape[..] else { panic!("{:?} are no pictures", of.shape) };
        let pixel = |i: usize| ["input", "target"].map(|name| of.x(name, plane * height * width + i));
        Plane { height, width, pixels: (0..height * width).map(pixel).collect() }
    }

    /// Both pictures' pixels at a line and a column; zeros outside.
    fn at(&self, line: Option<usize>, column: Option<usize>) -> [Big; 2] {
        let inside = line.zip(column).filter(|(y, x)| *y < self.height && *x < self.width);
        inside.map_or([Big::from(0.0), Big::from(0.0)], |(y, x)| self.pixels[y * self.width + x].clone())
    }

    /// The means of 2 × 2 pixels. A side of odd length has a zero before it.
    fn halved(&self) -> Plane {
        let (height, width) = (self.height.div_ceil(2), self.width.div_ceil(2));
        let mean = |i: usize| {
            let (y, x) = (2 * (i / width), 2 * (i % width));
            let four = [(0, 0), (0, 1), (1, 0), (1, 1)]
                .map(|(a, b)| self.at((y + a).checked_sub(self.height % 2), (x + b).checked_sub(self.width % 2)));
            [0, 1].map(|k| four.iter().map(|pixels| pixels[k].clone()).sum::<Big>() / 4.0)
        };
        Plane { height, width, pixels: (0..height * width).map(mean).collect() }
    }

    /// For each window, the similarity of the means and that of the structures, from plain sums over the window's pixels.
    /// Their product is the window's similarity.
    fn windows(&self, of: &Inputs, margin: usize) -> Vec<[Big; 2]> {
        let (size, range) = (of.number("window") as usize, of.number("data_range"));
        let bell = |k: usize| (-square(Big::from((k as f64 - (size / 2) as f64) / of.number("sigma"))) / 2.0).exp();
        let total: Big = (0..size).map(bell).sum();
        let weights: Vec<Big> = (0..size).map(|k| bell(k) / &total).collect();
        let [c1, c2] = [0.01, 0.03].map(|k: f64| square(Big::from(k) * range));
        let window = |y: usize, x: usize| {
            let mean = |f: &dyn Fn(Big, Big) -> Big| -> Big {
                let at = |a: usize, b: usize| {
                    let [p, q] = self.at((y + a).checked_sub(margin), (x + b).checked_sub(margin));
                    f(p, q)
                };
                let pixels = (0..size).flat_map(|a| (0..size).map(move |b| (a, b)));
                pixels.map(|(a, b)| weights[a].clone() * &weights[b] * at(a, b)).sum()
            };
            let (p, q) = (mean(&|p, _| p), mean(&|_, q| q));
            let product = p.clone() * &q;
            let squares = square(p) + square(q);
            let covariance = mean(&|p, q| p * q) - &product;
            let variances = mean(&|p, q| square(p) + square(q)) - &squares;
            [(2.0 * product + &c1) / (squares + &c1), (2.0 * covariance + &c2) / (variances + &c2)]
        };
        let (down, across) = (self.height + 2 * margin + 1 - size, self.width + 2 * margin + 1 - size);
        (0..down * across).map(|i| window(i / across, i % across)).collect()
    }
}

fn mean(numbers: Vec<Big>) -> Big {
    let count = numbers.len() as f64;
    numbers.into_iter().sum::<Big>() / count
}

/// A value for each item: the mean over its planes.
fn each_item(of: &Inputs, plane: impl Fn(Plane) -> Big) -> Vec<Big> {
    let (n, c) = (of.shape[0], of.shape[1]);
    (0..n).map(|i| mean((i * c..(i + 1) * c).map(|k| plane(Plane::of(of, k))).collect())).collect()
}

pub fn ssim(of: &Inputs) -> Vec<Big> {
    let margin = if of.name("padding") == "same" { of.number("window") as usize / 2 } else { 0 };
    let similarity = |[means, structures]: [Big; 2]| means * structures;
    each_item(of, |plane| 1.0 - mean(plane.windows(of, margin).into_iter().map(similarity).collect()))
}

pub fn ms_ssim(of: &Inputs) -> Vec<Big> {
    let weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
    each_item(of, |mut plane| {
        let mut product = Big::from(1.0);
        for (level, weight) in weights.into_iter().enumerate() {
            let last = level + 1 == weights.len();
            let factor = |[means, structures]: [Big; 2]| if last { means * structures } else { structures };
            let factor = mean(plane.windows(of, 0).into_iter().map(factor).collect());
            product = product * factor.max(0.0).pow(weight);
            plane = plane.halved();
        }
        1.0 - product
    })
}
