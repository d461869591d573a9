//! Losses of a batch's rows, each of which is compared with all others by its cosines.

use super::Inputs;
use super::math::{cosine, dot, softplus};
use crate::big::Big;

pub(super) fn info_nce(of: &Inputs) -> Vec<Big> {
    let (query, key) = (of.vectors("query"), of.vectors("key"));
    let product = |a: &[Big], b: &[Big]| if of.flag("normalize") { cosine(a, b) } else { dot(a, b) };
    let z = |i: usize, j: usize| product(&query[i], &key[j]) / of.number("temperature");
    let of_row = |i: usize| (0..key.len()).map(|j| z(i, j).exp()).sum::<Big>().ln() - z(i, i);
    let of_column = |i: usize| (0..key.len()).map(|j| z(j, i).exp()).sum::<Big>().ln() - z(i, i);
    let value = |i: usize| if of.flag("symmetric") { 0.5 * (of_row(i) + of_column(i)) } else { of_row(i) };
    (0..query.len()).map(value).collect()
}

pub(super) fn siglip(of: &Inputs) -> Vec<Big> {
    let [image, text] = ["image", "text"].map(|name| of.vectors(name));
    let [scale, shift] = ["logit_scale", "logit_bias"].map(|name| of.x(name, 0));
    let pair = |i: usize, j: usize| {
        let z = scale.clone() * cosine(&image[i], &text[j]) + &shift;
        softplus(&if i == j { -z } else { z })
    };
    (0..image.len()).map(|i| (0..text.len()).map(|j| pair(i, j)).sum()).collect()
}

pub(super) fn sup_con(of: &Inputs) -> Vec<Big> {
    let (rows, labels) = (of.vectors("features"), &of.labels["labels"]);
    let row = |i: usize| {
        let others: Vec<usize> = (0..rows.len()).filter(|&j| j != i).collect();
        let z = |j: usize| cosine(&rows[i], &rows[j]) / of.number("temperature");
        let log_total = others.iter().map(|&j| z(j).exp()).sum::<Big>().ln();
        let alike: Vec<usize> = others.iter().copied().filter(|&j| labels[i] == labels[j]).collect();
        let sum: Big = alike.iter().map(|&j| log_total.clone() - z(j)).sum();
        sum / alike.len().max(1) as f64
    };
    (0..rows.len()).map(row).collect()
}
