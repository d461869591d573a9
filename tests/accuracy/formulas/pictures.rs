//! Losses of pictures, whose neighbouring pixels are seen together.

use super::{Inputs, square};
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

/// One window after the other, each as sums over its pixels.
pub fn ssim(of: &Inputs) -> Vec<Big> {
    let &[n, c, h, w] = &of.shape[..] else { panic!("{:?} are no pictures", of.shape) };
    let (size, range) = (of.number("window") as usize, of.number("data_range"));
    let margin = if of.name("padding") == "same" { size / 2 } else { 0 };
    let bell = |k: usize| (-square(Big::from((k as f64 - (size / 2) as f64) / of.number("sigma"))) / 2.0).exp();
    let total: Big = (0..size).map(bell).sum();
    let weights: Vec<Big> = (0..size).map(|k| bell(k) / &total).collect();
    let pixel = |name: &str, sheet: usize, y: usize, x: usize| {
        let place = y.checked_sub(margin).zip(x.checked_sub(margin)).filter(|(y, x)| *y < h && *x < w);
        place.map_or(Big::from(0.0), |(y, x)| of.x(name, (sheet * h + y) * w + x))
    };
    let [c1, c2] = [0.01, 0.03].map(|k: f64| square(Big::from(k) * range));
    let window = |sheet: usize, y: usize, x: usize| {
        let mean = |f: &dyn Fn(Big, Big) -> Big| -> Big {
            let at = |a: usize, b: usize| f(pixel("input", sheet, y + a, x + b), pixel("target", sheet, y + a, x + b));
            let pixels = (0..size).flat_map(|a| (0..size).map(move |b| (a, b)));
            pixels.map(|(a, b)| weights[a].clone() * &weights[b] * at(a, b)).sum()
        };
        let (p, q) = (mean(&|p, _| p), mean(&|_, q| q));
        let product = p.clone() * &q;
        let squares = square(p) + square(q);
        let covariance = mean(&|p, q| p * q) - &product;
        let variances = mean(&|p, q| square(p) + square(q)) - &squares;
        let similarity = (2.0 * product + &c1) * (2.0 * covariance + &c2) / ((squares + &c1) * (variances + &c2));
        1.0 - similarity
    };
    let (down, across) = (h + 2 * margin + 1 - size, w + 2 * margin + 1 - size);
    let item = |i: usize| {
        let windows =
            (i * c..(i + 1) * c).flat_map(|sheet| (0..down).flat_map(move |y| (0..across).map(move |x| (sheet, y, x))));
        windows.map(|(sheet, y, x)| window(sheet, y, x)).sum::<Big>() / (c * down * across) as f64
    };
    (0..n).map(item).collect()
}
