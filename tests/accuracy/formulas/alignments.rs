//! Losses of alignments, as sums of products of probabilities.

use super::Inputs;
use super::math::big;
use crate::big::Big;

/// `sums` has the probability of all beginnings of alignments that end at each node, step by step. The value has an extra
/// term, which is 0 but has a slope: PyTorch's gradient is the slope with respect to logits, whose probabilities always add
/// up to 1.
pub fn ctc(of: &Inputs) -> Vec<Big> {
    let &[_, items, classes] = &of.shape[..] else { panic!("{:?} are no steps", of.shape) };
    let lengths = |name: &str, n: usize| of.labels[name][n] as usize;
    let (targets, blank) = (&of.labels["targets"], of.number("blank") as usize);
    let item = |n: usize| {
        let (steps, count, room) = (lengths("input_lengths", n), lengths("target_lengths", n), targets.len() / items);
        let spelt = (0..count).flat_map(|k| [targets[n * room + k] as usize, blank]);
        let nodes: Vec<usize> = [blank].into_iter().chain(spelt).collect();
        let place = |t: usize, class: usize| (t * items + n) * classes + class;
        let mut sums = vec![big(0.0); nodes.len()];
        for t in 0..steps {
            let p: Vec<Big> = (0..classes).map(|class| of.x("log_probs", place(t, class)).exp()).collect();
            let ways = |node: usize| match (t, node) {
                (0, 0 | 1) => big(1.0),
                (0, _) => big(0.0),
                _ => {
                    let skips = node > 1 && nodes[node] != blank && nodes[node] != nodes[node - 2];
                    let from = [Some(node), node.checked_sub(1), node.checked_sub(2).filter(|_| skips)];
                    from.into_iter().flatten().map(|from| sums[from].clone()).sum()
                }
            };
            sums = (0..nodes.len()).map(|node| ways(node) * &p[nodes[node]]).collect();
        }
        let moved = (0..steps).flat_map(|t| (0..classes).map(move |class| place(t, class))).map(|at| {
            let (x, held) = (of.x("log_probs", at), &of.held["log_probs"][at]);
            if (x.clone() - held).to_f64() == 0.0 { big(0.0) } else { x.exp() - held.exp() }
        });
        let all: Big = sums.iter().rev().take(2).cloned().sum();
        moved.sum::<Big>() - all.ln()
    };
    (0..items).map(item).collect()
}
