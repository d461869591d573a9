//! Evaluates a term on the CPU: checks, walks each part, reduces, adds up.

use crate::array::Array;
use crate::check::{self, Checked, Divisor, Walk};
use crate::cpu::{
    elements::Elements, gram::Gram, linear::Linear, memory, positions, positions::Positions, regions, regions::Regions,
    similarity::AllPairs, vectors::Rows,
};
use crate::error::Result;
use crate::leaf::Leaf;
use crate::loss::OperandSpec;
use crate::reduction::Reduction;
use crate::term::{Operand, Part, PartOutcome, Row, Scale, Term, not_reduced};

/// What a term came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    tensor: Array,
    parts: Vec<PartOutcome>,
    reduced: bool,
}

impl Outcome {
    /// The loss.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) where the term is not reduced: see [`tensor`](Self::tensor).
    pub fn loss(&self) -> Result<f64> {
        if self.reduced { Ok(self.tensor.to_f64()[0]) } else { Err(not_reduced()) }
    }

    /// The loss as a tensor: of shape `[]`, or of the loss's shape where the term is not reduced.
    pub fn tensor(&self) -> &Array {
        &self.tensor
    }

    /// The parts of the term, in order. An unreduced term's sums are those of its values.
    pub fn parts(&self) -> &[PartOutcome] {
        &self.parts
    }
}

/// The value of a term.
///
/// # Errors
/// Every refusal of [`Error`](crate::Error).
pub fn value(term: &Term<Array>) -> Result<Outcome> {
    gradient_list(term, &[]).map(|(outcome, _)| outcome)
}

/// The value of a term, and its gradients with respect to these arrays, f64 and of their shapes.
///
/// # Errors
/// Every refusal of [`Error`](crate::Error), among them an array that the term has no gradient for.
pub fn gradients<const N: usize>(term: &Term<Array>, of: [&Array; N]) -> Result<(Outcome, [Array; N])> {
    let (outcome, gradients) = gradient_list(term, &of)?;
    Ok((outcome, gradients.try_into().expect("one gradient for each array")))
}

/// [`gradients`] for a number of arrays that is known at run time alone.
///
/// # Errors
/// As [`gradients`].
pub fn gradient_list(term: &Term<Array>, of: &[&Array]) -> Result<(Outcome, Vec<Array>)> {
    let (taken_apart, checked) = check::term(term)?;
    check::differentiable(term, of)?;
    memory::check(&taken_apart, &checked, of)?;
    let mut sums: Vec<Vec<f64>> = of.iter().map(|array| vec![0.0; array.len()]).collect();
    let (mut loss, mut parts, mut unreduced) = (0.0, Vec::new(), None);
    for (part, checked) in taken_apart.parts.iter().zip(&checked) {
        let walk = walk(part, checked);
        let reduced = reduce(part, checked, &*walk);
        for (sum, array) in sums.iter_mut().zip(of) {
            for (name, _) in part.operands.iter().filter(|(_, operand)| operand.is(array)) {
                let Some(spec) = part.loss.header().operand(name).filter(|spec| spec.gradient) else { continue };
                for Reduced { walk, weight, scales, .. } in &reduced {
                    let gradient = walk.gradient(spec, scales);
                    sum.iter_mut().zip(gradient).for_each(|(sum, d)| *sum += weight * d);
                }
            }
        }
        let outcomes: Vec<PartOutcome> = reduced.into_iter().flat_map(|reduced| reduced.outcomes).collect();
        // a mean over nothing is NaN, whatever the sum
        let mean = |part: &PartOutcome| if part.denominator == 0.0 { f64::NAN } else { part.sum / part.denominator };
        loss += outcomes.iter().map(|part| part.weight * mean(part)).sum::<f64>();
        if part.reduction == Reduction::None {
            let values = walk.values().iter().map(|value| f64::from(part.weight) * (value.loss + value.extra));
            unreduced = Some(Array::new(&values.collect::<Vec<_>>(), checked.loss_shape.clone())?);
        }
        parts.extend(outcomes);
    }
    let reduced = unreduced.is_none();
    let tensor = unreduced.map_or_else(|| Array::new(&[loss], []), Ok)?;
    let gradients = sums.iter().zip(of).map(|(sum, array)| Array::new(sum, array.shape()));
    Ok((Outcome { tensor, parts, reduced }, gradients.collect::<Result<_>>()?))
}

/// The statistics of a piece of what is spread over devices: what [`Term::among`] takes of all pieces.
///
/// Of a loss of regions `[N, C, 4]`, or `[1, C, 4]` where a region is a batch's: `Σpt`, `Σp(1 − t)` and `Σ(1 − p)t`, or where
/// squares are summed `Σ(p − t)²` and 0, and a number above 0 where there is a NaN among them. Of a loss of a softmax eight numbers for each position: the peak, `Σ exp(x − peak)` over all
/// others, `Σ share·(peak − x)`, `Σ share`, what is NaN of these, and the label's logit, weight and presence.
///
/// # Errors
/// Every refusal of [`Error`](crate::Error); [`Error::InvalidOption`](crate::Error::InvalidOption) for a loss that is a sum
/// over its values, whose pieces simply add up.
pub fn statistics(term: &Term<Array>) -> Result<Array> {
    let (part, checked, shape) = check::statistics(term)?;
    memory::check(term, std::slice::from_ref(&checked), &[])?;
    let numbers = match (part.loss.leaf(), checked.walk) {
        (Leaf::Softmax(leaf), Walk::Positions(classes)) => positions::statistics(&part, leaf, classes),
        (Leaf::Region(leaf), Walk::Regions(classes)) => regions::statistics(&part, leaf, classes),
        _ => unreachable!("the checks let nothing else through"),
    };
    Array::new(&numbers, shape)
}

/// One value of an unreduced loss, with its share of the denominators.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Value {
    /// The loss.
    pub loss: f64,
    /// The part that a mean divides by the count, whatever the weights.
    pub extra: f64,
    /// Its weight; 0 where it takes no part.
    pub weight: f64,
    /// 1, or 0 where it takes no part.
    pub count: f64,
}

/// The upstream gradients of a value's loss and of its extra part.
pub(super) type Scales = [f64; 2];

/// A walk over a part's operands.
pub(super) trait Walked {
    /// The values of the unreduced loss.
    fn values(&self) -> &[Value];
    /// What rides along in the walk, where something does.
    fn rider(&self) -> Option<&dyn Walked> {
        None
    }
    /// The gradient of `Σ scales·value` with respect to an operand.
    fn gradient(&self, operand: &OperandSpec, scales: &[Scales]) -> Vec<f64>;
}

fn walk<'a>(part: &'a Part<Array>, checked: &Checked) -> Box<dyn Walked + 'a> {
    match (part.loss.leaf(), checked.walk) {
        (Leaf::Pointwise(leaf), Walk::Elements { items, per_item }) => {
            Box::new(Elements::new(part, leaf, items, per_item))
        }
        (Leaf::Boxes(leaf), Walk::Elements { per_item, .. }) => Box::new(Elements::of_boxes(part, leaf, per_item)),
        (Leaf::Region(leaf), Walk::Regions(classes)) => Box::new(Regions::new(part, leaf, classes)),
        (leaf, Walk::Positions(classes)) => {
            let ignored = checked.labels.as_ref().and_then(|labels| labels.ignored);
            Box::new(Positions::new(part, leaf, ignored, classes))
        }
        (Leaf::Vectors(leaf), Walk::Rows { rows, width }) => Box::new(Rows::new(part, leaf, rows, width)),
        (Leaf::Similarity(leaf), Walk::Similarity(pairs)) => Box::new(AllPairs::new(part, leaf, pairs)),
        (Leaf::Gram(leaf), Walk::Gram(classes)) => Box::new(Gram::new(part, leaf, classes)),
        (Leaf::Linear(leaf), Walk::Linear(pairs)) => Box::new(Linear::new(part, leaf, pairs)),
        _ => unreachable!("the checks choose the walk by the leaf"),
    }
}

/// What a walk, or what rides along in it, came to.
struct Reduced<'a> {
    walk: &'a dyn Walked,
    /// Its factor in the sum of terms.
    weight: f64,
    outcomes: Vec<PartOutcome>,
    /// The upstream gradient of each of its values.
    scales: Vec<Scales>,
}

/// The part's sums and denominators, and the upstream gradients of its values: of the walk, and of what rides along.
fn reduce<'a>(part: &Part<Array>, checked: &Checked, walk: &'a dyn Walked) -> Vec<Reduced<'a>> {
    let walks = [Some((walk, checked.divisor)), walk.rider().zip(checked.rider_divisor)];
    let rows = part.rows().into_iter().zip(walks.into_iter().flatten());
    rows.map(|(row, (walk, divisor))| reduce_one(part, &row, walk, divisor)).collect()
}

fn reduce_one<'a>(part: &Part<Array>, row: &Row, walk: &'a dyn Walked, divisor: Divisor) -> Reduced<'a> {
    let values = walk.values();
    let sum = |of: fn(&Value) -> f64| values.iter().map(of).sum::<f64>();
    let count = sum(|value| value.count);
    let [denominator, extra_denominator] = match divisor {
        Divisor::Number(number) => [number; 2],
        Divisor::Weights => [sum(|value| value.weight), count],
        Divisor::Count => [count; 2],
        Divisor::Tensor => [part.divide_by.as_ref().map_or(1.0, |scale| numbers(scale)[0]); 2],
    };
    let weight = f64::from(row.weight);
    let named = |name: &str, sum, denominator| PartOutcome { name: name.into(), sum, denominator, weight };
    let mut outcomes = vec![named(&row.name, sum(|value| value.loss), denominator)];
    if let Some(extra) = &row.extra {
        outcomes.push(named(extra, sum(|value| value.extra), extra_denominator));
    }
    let upstream = numbers(&part.upstream);
    // the gradient of a mean over nothing is 0
    let share = |i: usize, denominator: f64| match denominator {
        0.0 => 0.0,
        d => upstream[i.min(upstream.len() - 1)] / d,
    };
    let scales = (0..values.len()).map(|i| [share(i, denominator), share(i, extra_denominator)]).collect();
    Reduced { walk, weight, outcomes, scales }
}

fn numbers(scale: &Scale<Array>) -> Vec<f64> {
    match scale {
        Scale::Number(number) => vec![f64::from(*number)],
        Scale::Tensor(array) => array.to_f64(),
    }
}
