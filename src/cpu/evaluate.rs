//! Evaluates a term on the CPU: checks it, walks each part, reduces the values, adds the parts up.

use crate::array::Array;
use crate::check::{self, Checked, ClassFold, Work, work};
use crate::cpu::alignments::Aligned;
use crate::cpu::elements::Elements;
use crate::cpu::gram::Gram;
use crate::cpu::hardest::HardestPairs;
use crate::cpu::levels::Levelled;
use crate::cpu::linear::{self, Linear};
use crate::cpu::memory;
use crate::cpu::neighbours::Neighbours;
use crate::cpu::outcome::Outcome;
use crate::cpu::positions::{self, Positions};
use crate::cpu::reduce::{Reduced, reduce};
use crate::cpu::regions::{self, Regions};
use crate::cpu::segments::Segmented;
use crate::cpu::similarity::{self, AllPairs};
use crate::cpu::vectors::Rows;
use crate::cpu::walk::Walk;
use crate::cpu::windows::Windowed;

use crate::error::Result;
use crate::reduction::Reduction;
use crate::shape::DType;
use crate::term::{Observation, Operand, Part, PartOutcome, Term};

/// The value of a term.
///
/// # Errors
/// Every refusal of [`Error`](crate::Error).
pub fn value(term: &Term<Array>) -> Result<Outcome> {
    gradient_list(term, &[]).map(|(outcome, _)| outcome)
}

/// The value of a term, and its gradients with respect to these arrays. A gradient is f64, and has the shape of its array.
///
/// # Errors
/// Every refusal of [`Error`](crate::Error), also for an array that the term has no gradient for.
pub fn gradients<const N: usize>(term: &Term<Array>, of: [&Array; N]) -> Result<(Outcome, [Array; N])> {
    let (outcome, gradients) = gradient_list(term, &of)?;
    Ok((outcome, gradients.try_into().expect("one gradient for each array")))
}

/// [`gradients`] for a number of arrays that is known only at run time.
///
/// # Errors
/// The same as [`gradients`].
pub fn gradient_list(term: &Term<Array>, of: &[&Array]) -> Result<(Outcome, Vec<Array>)> {
    let (taken_apart, checked) = check::term(term)?;
    check::differentiable(term, of)?;
    memory::check(&taken_apart, &checked, of)?;
    let mut gradients: Vec<Vec<f64>> = of.iter().map(|array| vec![0.0; array.len()]).collect();
    let (mut loss, mut parts, mut observations, mut unreduced) = (0.0, Vec::new(), Vec::new(), None);
    let mut observed = Vec::new();
    for (part, checked) in taken_apart.parts.iter().zip(&checked) {
        let walk = walk(part, checked)?;
        let reduced = reduce(part, checked, &*walk);
        for (gradient, array) in gradients.iter_mut().zip(of) {
            add_gradient(gradient, part, array, &reduced);
        }
        let values = reduced.first().map(|reduced| reduced.values.clone()).unwrap_or_default();
        let outcomes: Vec<PartOutcome> = reduced.into_iter().flat_map(|reduced| reduced.outcomes).collect();
        loss += outcomes.iter().map(|own| own.weight * part.mean(own)).sum::<f64>();
        if part.reduction == Reduction::None {
            let values = values.iter().map(|value| f64::from(part.weight * part.share) * (value.loss + value.extra));
            unreduced = Some(Array::new(&values.collect::<Vec<_>>(), checked.loss_shape.clone())?);
        }
        parts.extend(outcomes);
        observations.extend(observed_sums(part, &*walk));
        for (observation, name) in part.observed_positions() {
            let array = Array::new(&walk.observed_positions(observation), checked.loss_shape.clone())?;
            observed.push((name, if observation == Observation::Predicted { array.cast(DType::U32) } else { array }));
        }
    }
    parts.extend(observations);
    let reduced = unreduced.is_none();
    let tensor = unreduced.map_or_else(|| Array::new(&[loss], []), Ok)?;
    let gradients = gradients.iter().zip(of).map(|(gradient, array)| Array::new(gradient, array.shape()));
    Ok((Outcome { tensor, parts, observed, reduced }, gradients.collect::<Result<_>>()?))
}

/// The observations of a part that are sums.
fn observed_sums(part: &Part<Array>, walk: &dyn Walk) -> Vec<PartOutcome> {
    let sums = part.observations.iter().filter(|observation| !observation.of_positions());
    let sums = sums.flat_map(|observation| walk.observed(*observation));
    let rows = part.observation_rows().into_iter().zip(sums);
    rows.map(|(row, [sum, denominator])| PartOutcome { name: row.name, sum, denominator, weight: 0.0 }).collect()
}

/// Adds a part's gradients with respect to an array: one for each operand that the array is given as.
fn add_gradient(sum: &mut [f64], part: &Part<Array>, array: &Array, reduced: &[Reduced<'_>]) {
    for (name, _) in part.operands.iter().filter(|(_, operand)| operand.is(array)) {
        let Some(spec) = part.loss.header().operand(name).filter(|spec| spec.gradient) else { continue };
        for Reduced { walk, weight, scales, .. } in reduced {
            let gradient = walk.gradient(spec, scales);
            sum.iter_mut().zip(gradient).for_each(|(sum, d)| *sum += weight * d);
        }
    }
}

/// The statistics of a shard, as [`Term::among`] takes them from all shards.
///
/// A loss of regions has four numbers for each region, `[N, C, 4]`, or `[1, C, 4]` where the regions run over the whole batch:
/// `Σpt`, `Σp(1 − t)`, `Σ(1 − p)t`, and a number above 0 where one of them is NaN. With squares the second is `Σ(p − t)²` and
/// the third 0. With `soft_label` and without squares, the three are `Σ min(p, t)`, `Σ max(p − t, 0)` and `Σ max(t − p, 0)`.
///
/// A loss of a softmax has eight numbers for each position: the greatest logit `max`, `Σ exp(x − max)` over all
/// other classes, `Σ share·(max − x)`, the share of the greatest logit's class, the sum of all other shares, flags for NaN and
/// for the label's presence, and the label's logit and weight. A loss of all pairs has the same for each row over its scores with
/// a shard of the keys, where a key that the row belongs together with has a share of 1; where every pair has a loss of its own,
/// the third is their sum. With [observations](Term::observe), a loss of a softmax over classes has three more numbers:
/// `Σ exp(x − max)·(max − x)`, and the class of the greatest logit in two halves of 16 bits. For [`Nll`](crate::Nll) the
/// first number is the sum of the shard's losses.
///
/// [`DiceCrossEntropy`](crate::DiceCrossEntropy), [`DiceBce`](crate::DiceBce) and [`DiceFocal`](crate::DiceFocal) have the statistics
/// of their regions. Their other loss adds up over shards: give the denominators of the whole by [`Term::divide_by`], that of the
/// regions first.
///
/// # Errors
/// Every refusal of [`Error`](crate::Error); [`Error::InvalidOption`](crate::Error::InvalidOption) for a loss whose shards
/// simply add up.
pub fn statistics(term: &Term<Array>) -> Result<Array> {
    let (part, checked, shape) = check::statistics(term)?;
    memory::check(term, std::slice::from_ref(&checked), &[])?;
    let numbers = match work(&part)? {
        Work::Positions { leaf: ClassFold::Divergence(_), .. } => Vec::new(),
        Work::Positions { leaf, classes } => positions::statistics(&part, leaf, classes),
        Work::Linear { leaf, pairs } => linear::statistics(&part, leaf, pairs),
        Work::Similarity { leaf, pairs } => similarity::statistics(&part, leaf, pairs),
        Work::Regions { leaf, classes } => regions::statistics(&part, leaf, classes),
        // the checks refuse all other losses, which have no statistics
        _ => Vec::new(),
    };
    Array::new(&numbers, shape)
}

fn walk<'a>(part: &'a Part<Array>, checked: &Checked) -> Result<Box<dyn Walk + 'a>> {
    Ok(match work(part)? {
        Work::Elements { leaf, items, per_item } => Box::new(Elements::new(part, leaf, items, per_item)),
        Work::Boxes { leaf, count } => Box::new(Elements::of_boxes(part, leaf, count)),
        Work::Positions { leaf, classes } => {
            let ignored = checked.labels.as_ref().and_then(|labels| labels.ignored);
            Box::new(Positions::new(part, leaf, ignored, classes))
        }
        Work::Regions { leaf, classes } => Box::new(Regions::new(part, leaf, classes)),
        Work::Vectors { leaf, rows, width } => Box::new(Rows::new(part, leaf, rows, width)),
        Work::Similarity { leaf, pairs } => Box::new(AllPairs::new(part, leaf, pairs)),
        Work::Hardest { leaf, pairs } => Box::new(HardestPairs::new(part, leaf, pairs)),
        Work::Linear { leaf, pairs } => Box::new(Linear::new(part, leaf, pairs)),
        Work::Segments { leaf, pairs, segments } => Box::new(Segmented::new(part, leaf, pairs, segments)),
        Work::LinearDivergence { leaf, pairs, teacher_width } => {
            Box::new(Linear::of_two(part, leaf, pairs, teacher_width))
        }
        Work::Gram { leaf, classes } => Box::new(Gram::new(part, leaf, classes)),
        Work::Windows { leaf, pictures } => Box::new(Windowed::new(part, leaf, pictures)),
        Work::Alignments { leaf, lattice } => Box::new(Aligned::new(part, leaf, lattice)),
        Work::Levels { leaf, pictures } => Box::new(Levelled::new(part, leaf, pictures)),
        Work::Neighbours { leaf, pictures } => Box::new(Neighbours::new(part, leaf, pictures)),
    })
}
