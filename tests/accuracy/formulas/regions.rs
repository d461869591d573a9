//! Losses of regions.

use super::Inputs;
use super::classes::cross_entropy;
use super::elements::{bce_with_logits, sigmoid_focal, smooth};
use super::math::{big, sigmoid, softmax, square};
use crate::big::Big;
use wgloss::header::Value;

pub(super) fn regions(id: &str, of: &Inputs) -> Vec<Big> {
    let [n, c, s] = of.classes();
    let ignored = of.options.get("ignore_index").filter(|ignored| **ignored != Value::None);
    let ignored = ignored.map(|_| of.number("ignore_index") as i64);
    let (x, t) = (of.rows("input"), of.targets("target", ignored));
    let p: Vec<Vec<Big>> = x
        .iter()
        .map(|row| match of.name("activation").as_str() {
            "softmax" => softmax(row),
            "sigmoid" => row.iter().map(sigmoid).collect(),
            _ => row.clone(),
        })
        .collect();
    let (nr, dr) = (of.number("smooth_nr"), of.number("smooth_dr"));
    let on = |option: &str| of.options.contains_key(option) && of.flag(option);
    // Σpt, Σp, Σt
    let sums = |item: usize, k: usize| {
        let kept = (item * s..(item + 1) * s).filter_map(|at| Some((&p[at][k], &t[at].as_ref()?[k])));
        let power = if on("squared_pred") { 2.0 } else { 1.0 };
        let soft = on("soft_label") && !on("squared_pred");
        let both = kept.clone().map(|(p, t)| if soft { p.clone().min(t) } else { p.clone() * t }).sum();
        [both, kept.clone().map(|(p, _)| p.pow(power)).sum(), kept.map(|(_, t)| t.pow(power)).sum()]
    };
    let miss = |score: Big| if on("log_loss") { 0.0 - score.max(1e-7).ln() } else { 1.0 - score };
    if id == "generalized_dice" {
        let item = |item: usize| {
            let of_classes: Vec<[Big; 3]> = (0..c).map(|k| sums(item, k)).collect();
            let weight = |t: &Big| match of.name("weighting").as_str() {
                _ if *t == 0.0 => None,
                "square" => Some(1.0 / square(t.clone())),
                "simple" => Some(1.0 / t.clone()),
                _ => Some(big(1.0)),
            };
            let weights: Vec<Option<Big>> = of_classes.iter().map(|[_, _, t]| weight(t)).collect();
            let largest = weights.iter().flatten().fold(big(0.0), |most, weight| most.max(weight));
            let weighted = |f: &dyn Fn(&[Big; 3]) -> Big| -> Big {
                let terms = of_classes.iter().zip(&weights);
                terms.map(|(sums, weight)| weight.clone().unwrap_or(largest.clone()) * f(sums)).sum()
            };
            let overlap = weighted(&|[both, _, _]| both.clone());
            miss((2.0 * overlap + nr) / (weighted(&|[_, p, t]| p.clone() + t) + dr))
        };
        return (0..n).map(item).collect();
    }
    let value = |item: usize, k: usize| {
        let [both, p, t] = sums(item, k);
        if id == "tversky" {
            let (extra, missed) = (p - &both, t - &both);
            let wrong = of.number("alpha") * extra + of.number("beta") * missed;
            return miss((both.clone() + nr) / (both + wrong + dr)).pow(of.number("gamma"));
        }
        let whole = match on("jaccard") {
            true => 2.0 * (p + t - &both),
            false => p + t,
        };
        miss((2.0 * both + nr) / (whole + dr))
    };
    (0..n * c).map(|at| value(at / c, at % c)).collect()
}

/// Dice plus a loss of each element: dice_bce or dice_focal.
pub(super) fn with_elements(id: &str, of: &Inputs) -> Vec<Big> {
    let bce = id == "dice_bce";
    let score = |x: &Big, t: &Big| if bce { bce_with_logits(x, t) } else { sigmoid_focal(of, x, t) };
    let rows = of.rows("input").into_iter().zip(of.targets("target", None));
    let row = |(x, t): (Vec<Big>, Option<Vec<Big>>)| {
        x.iter().zip(t.unwrap_or_default()).map(|(x, t)| score(x, &smooth(of, t))).sum::<Big>()
    };
    let elements = rows.map(row).sum::<Big>() * of.number(if bce { "bce_weight" } else { "focal_weight" });
    vec![regions("dice", of).into_iter().sum::<Big>() * of.number("dice_weight") + elements]
}

/// Dice plus the cross-entropy of each position: dice_cross_entropy.
pub(super) fn with_cross_entropy(of: &Inputs) -> Vec<Big> {
    let dice = regions("dice", of).into_iter().sum::<Big>() * of.number("dice_weight");
    let entropies = cross_entropy(of, of.rows("input"), "target").into_iter().sum::<Big>();
    vec![dice + entropies * of.number("cross_entropy_weight")]
}
