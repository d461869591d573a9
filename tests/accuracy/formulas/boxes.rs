//! Losses of boxes.

use super::Inputs;
use super::math::square;
use crate::big::Big;

pub(super) fn boxes(of: &Inputs) -> Vec<Big> {
    let (eps, kind, format) = (of.number("eps"), of.name("kind"), of.name("format"));
    let corners = |numbers: &[Big]| numbers.chunks(4).map(|x| corners_of(&format, x)).collect::<Vec<_>>();
    let overlap = |a: &[Big], b: &[Big]| {
        let both = |k: usize| a[k + 2].clone().min(&b[k + 2]) - a[k].clone().max(&b[k]);
        let area = |x: &[Big]| (x[2].clone() - &x[0]) * (x[3].clone() - &x[1]);
        let inter = both(0).max(0.0) * both(1).max(0.0);
        let union = area(a) + area(b) - &inter;
        (inter / (union.clone() + eps), union)
    };
    let lean = |a: &[Big], b: &[Big]| {
        let angle = |x: &[Big]| ((x[2].clone() - &x[0]) / (x[3].clone() - &x[1])).atan();
        // 4/π², where π is 4·atan 1
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
        if kind == "diou" || kind == "ciou" || kind == "eiou" {
            let centre = |k: usize| square((a[k].clone() + &a[k + 2] - &b[k] - &b[k + 2]) / 2.0);
            loss = loss + (centre(0) + centre(1)) / (square(hull(0)) + square(hull(1)) + eps);
        }
        if kind == "ciou" {
            let v = lean(held, b);
            let alpha = v.clone() / (1.0 - overlap(held, b).0 + v + eps);
            loss = loss + alpha * lean(a, b);
        }
        if kind == "eiou" {
            for k in 0..2 {
                loss = loss + square(side(a, k) - side(b, k)) / (square(hull(k)) + eps);
            }
        }
        if kind == "siou" {
            let centre = |k: usize| (a[k].clone() + &a[k + 2] - &b[k] - &b[k + 2]) / 2.0;
            let [x, y] = [0, 1].map(centre);
            let angle = 2.0 * (x.clone() * &y).abs() / (square(x) + square(y));
            for k in 0..2 {
                let distance = 1.0 - ((angle.clone() - 2.0) * square(centre(k) / hull(k))).exp();
                loss = loss + 0.5 * (distance + shape(&side(a, k), &side(b, k)));
            }
        }
        loss
    };
    let [input, target, held] = [of.of("input"), of.of("target"), &of.held["input"]].map(corners);
    let pairs = input.into_iter().zip(target).zip(held);
    pairs.map(|((a, b), held)| score(&a, &b, &held)).collect()
}

/// The corners x1, y1, x2, y2 of a box in a format.
fn corners_of(format: &str, numbers: &[Big]) -> Vec<Big> {
    let half = |k: usize| numbers[k + 2].clone() / 2.0;
    match format {
        "cxcywh" => [0, 1]
            .map(|k| numbers[k].clone() - half(k))
            .into_iter()
            .chain([0, 1].map(|k| numbers[k].clone() + half(k)))
            .collect(),
        _ => numbers.to_vec(),
    }
}

fn side(x: &[Big], axis: usize) -> Big {
    x[axis + 2].clone() - &x[axis]
}

/// SIoU's shape term along one axis; 0 where both sides are 0.
fn shape(a: &Big, b: &Big) -> Big {
    let greater = a.abs().max(b.abs());
    if greater == 0.0 {
        return greater;
    }
    (1.0 - (-((a.clone() - b).abs() / greater)).exp()).pow(4.0)
}
