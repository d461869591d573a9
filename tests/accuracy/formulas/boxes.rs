//! Losses of boxes.

use super::{Inputs, square};
use crate::big::Big;

pub(super) fn boxes(of: &Inputs) -> Vec<Big> {
    let (eps, kind) = (of.number("eps"), of.name("kind"));
    let corners = |name: &str| of.of(name).chunks(4).map(<[Big]>::to_vec).collect::<Vec<_>>();
    let overlap = |a: &[Big], b: &[Big]| {
        let both = |k: usize| a[k + 2].clone().min(&b[k + 2]) - a[k].clone().max(&b[k]);
        let area = |x: &[Big]| (x[2].clone() - &x[0]) * (x[3].clone() - &x[1]);
        let inter = both(0).max(0.0) * both(1).max(0.0);
        let union = area(a) + area(b) - &inter;
        (inter / (union.clone() + eps), union)
    };
    let lean = |a: &[Big], b: &[Big]| {
        let angle = |x: &[Big]| ((x[2].clone() - &x[0]) / (x[3].clone() - &x[1])).atan();
        // 4/π², π being 4·atan 1
        square((angle(b) - angle(a)) / Big::from(1.0).atan()) / 4.0
    };
    let score = |a: &[Big], b: &[Big], held: &[Big]| {
        let hull = |k: usize| a[k + 2].clone().max(&b[k + 2]) - a[k].clone().min(&b[k]);
        let (iou, union) = overlap(a, b);
        let mut loss = 1.0 - iou;
        if kind == "giou" {
            let area = hull(0) * hull(1);
            loss = loss + (area.clone() - union) / (area + eps);
        }
        if kind == "diou" || kind == "ciou" {
            let centre = |k: usize| square((a[k].clone() + &a[k + 2] - &b[k] - &b[k + 2]) / 2.0);
            loss = loss + (centre(0) + centre(1)) / (square(hull(0)) + square(hull(1)) + eps);
        }
        if kind == "ciou" {
            let v = lean(held, b);
            let alpha = v.clone() / (1.0 - overlap(held, b).0 + v + eps);
            loss = loss + alpha * lean(a, b);
        }
        loss
    };
    let held = of.held["input"].chunks(4);
    let pairs = corners("input").into_iter().zip(corners("target")).zip(held);
    pairs.map(|((a, b), held)| score(&a, &b, held)).collect()
}
