//! Sharded calls, as several devices would make them: the results of the shards together have to equal those of the whole call.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use crate::case::{Case, Floats, Given, Inputs};
use crate::draw::{FLOATS, Rng, Setting};
use crate::judge::{self, close, same};
use crate::pages::{buffer_of, bytes_of};
use crate::pieces::{added, class_axis, join, ranges, slice, stack};
use crate::samples::samples;
use std::ops::Range;
use wgloss::custom::Leaf;
use wgloss::header::{Role, Value};
use wgloss::{Array, ClassAxis, DType, Error, Gpu, Gradient, Loss, Operand, Outputs, Reduction, Tensor, Term, cpu};

/// A whole call, and its shards along an axis of the input.
pub struct Spread {
    pub whole: Term<Array>,
    pub input: Array,
    pub shards: Vec<(Term<Array>, Array)>,
    pub axis: usize,
}

/// How many numbers lie before a tensor that begins inside its buffer.
const LEAD: usize = 3;

/// Uploads an array as a tensor that begins inside its buffer, after `LEAD` numbers.
fn inside(gpu: &Gpu, array: &Array) -> Result<Tensor, Error> {
    if array.is_empty() {
        return gpu.upload_array(array);
    }
    let mut bytes = vec![0xff; LEAD * array.dtype().size()];
    let begin = bytes.len() as u64;
    bytes.extend(bytes_of(array));
    let end = bytes.len() as u64;
    bytes.resize(bytes.len().next_multiple_of(16), 0xff);
    gpu.wrap(buffer_of(gpu, &bytes).slice(begin..end), array.shape(), array.dtype())
}

/// The statistics of this shape that the GPU writes for a shard.
fn statistics(gpu: &Gpu, term: &Term<Array>, shape: &[usize]) -> Result<Array, Error> {
    let zeros = Array::new(&vec![0.0f32; shape.iter().product()], shape)?;
    let into = inside(gpu, &zeros)?;
    gpu.prepare_statistics(&term.map(|array| gpu.upload_array(array))?, &into)?.run()?;
    into.read().wait()
}

/// A shard's term and its input on the GPU, with the statistics of all shards.
fn on_gpu(gpu: &Gpu, term: &Term<Array>, input: &Array, all: &Array) -> Result<(Term<Tensor>, Tensor), Error> {
    let there = gpu.upload_array(input)?;
    let term = term.map(|array| match array {
        array if array.is(input) => Ok(there.clone()),
        array if array.is(all) => inside(gpu, array),
        array => gpu.upload_array(array),
    })?;
    Ok((term, there))
}

/// A shard's gradient, written over its input.
fn in_place(gpu: &Gpu, (term, there): (Term<Tensor>, Tensor)) -> Result<Array, Error> {
    let gradients = vec![Gradient::in_place(&there)];
    gpu.prepare(&term, &Outputs { gradients, ..Outputs::default() })?.run()?;
    there.read().wait()
}

/// Compares the results of the shards with those of the whole call: on the CPU, on the GPU, and on each with the
/// statistics of the other.
pub fn compare(gpu: &Gpu, spread: &Spread) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (whole, [d]) = cpu::gradients(&spread.whole, [&spread.input]).map_err(text)?;
    let by_twin = spread.shards.iter().map(|(term, _)| cpu::statistics(term));
    let by_twin: Vec<Array> = by_twin.collect::<Result<_, _>>().map_err(text)?;
    let by_gpu = spread.shards.iter().zip(&by_twin).map(|((term, _), twins)| statistics(gpu, term, twins.shape()));
    let by_gpu: Vec<Array> = by_gpu.collect::<Result<_, _>>().map_err(text)?;
    for (name, all) in [("the twin's", stack(&by_twin)), ("the GPU's", stack(&by_gpu))] {
        let (mut on_cpu, mut by_gpu, mut there) = (Vec::new(), Vec::new(), Vec::new());
        for (term, input) in &spread.shards {
            let term = term.clone().among(&all);
            let (outcome, [d]) = cpu::gradients(&term, [input]).map_err(text)?;
            close(&outcome.tensor().to_f64(), &whole.tensor().to_f64()).map_err(|e| format!("{name}, twin: {e}"))?;
            on_cpu.push(d);
            let placed = || on_gpu(gpu, &term, input, &all).map_err(text);
            let (placed_term, placed_input) = placed()?;
            let (outcome, [d]) = gpu.gradients(&placed_term, [&placed_input]).map_err(text)?;
            let loss = outcome.tensor().read().wait().map_err(text)?;
            close(&loss.to_f64(), &whole.tensor().to_f64()).map_err(|e| format!("{name}, GPU: {e}"))?;
            by_gpu.push(d.read().wait().map_err(text)?);
            // a gradient in place has to be f32
            if input.dtype() == DType::F32 {
                there.push(in_place(gpu, placed()?).map_err(text)?);
            }
        }
        same(&join(&on_cpu, spread.axis), &d).map_err(|e| format!("{name}, the twin's gradient: {e}"))?;
        same(&join(&by_gpu, spread.axis), &d).map_err(|e| format!("{name}, the GPU's gradient: {e}"))?;
        if !there.is_empty() {
            same(&join(&there, spread.axis), &d).map_err(|e| format!("{name}, the gradient in place: {e}"))?;
        }
    }
    Ok(())
}

/// Compares the shards of a region loss that has a fused loss: every shard returns the whole call's sum for the regions,
/// and the shards' sums for the fused loss add up.
pub fn compare_fused(gpu: &Gpu, spread: &Spread) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (whole, [d]) = cpu::gradients(&spread.whole, [&spread.input]).map_err(text)?;
    let denominators: Vec<f32> = whole.parts().iter().map(|part| part.denominator as f32).collect();
    let denominators = Array::new(&denominators, [denominators.len()]).map_err(text)?;
    let statistics = spread.shards.iter().map(|(term, _)| {
        let shape = cpu::statistics(term)?.shape().to_vec();
        statistics(gpu, term, &shape)
    });
    let all = stack(&statistics.collect::<Result<Vec<_>, _>>().map_err(text)?);
    let (mut by_twin, mut by_gpu) = (Vec::new(), Vec::new());
    for (term, input) in &spread.shards {
        let term = term.clone().among(&all).divide_by(&denominators);
        let (outcome, [d]) = cpu::gradients(&term, [input]).map_err(text)?;
        by_twin.push((outcome.parts().to_vec(), d));
        let (term, input) = on_gpu(gpu, &term, input, &all).map_err(text)?;
        let (outcome, [d]) = gpu.gradients(&term, [&input]).map_err(text)?;
        by_gpu.push((outcome.parts().wait().map_err(text)?, d.read().wait().map_err(text)?));
    }
    for (name, shards) in [("twin", by_twin), ("GPU", by_gpu)] {
        for (k, part) in whole.parts().iter().enumerate() {
            let sums: Vec<f64> = shards.iter().map(|(parts, _)| parts[k].sum).collect();
            let got = if k == 0 { sums } else { vec![sums.iter().sum()] };
            close(&got, &vec![part.sum; got.len()]).map_err(|e| format!("{name}, sum of {}: {e}", part.name))?;
        }
        let gradients: Vec<Array> = shards.into_iter().map(|(_, d)| d).collect();
        same(&join(&gradients, spread.axis), &d).map_err(|e| format!("{name}, gradient: {e}"))?;
    }
    Ok(())
}

/// Shards a case by items or positions. Every operand is cut, except weights for each class.
pub fn spread(case: &Case, inputs: &Inputs<Array>, axis: usize, lengths: &[usize]) -> Spread {
    let loss = case.loss();
    let shard = |range: &Range<usize>| {
        let mut given = inputs.on(&mut |array| Ok::<Array, ()>(array.clone())).unwrap();
        for (name, array) in &mut given.operands {
            let role = loss.header().operand(name).unwrap().role;
            // labels have no class axis
            let labels = array.shape().len() < case.setting.shape.len();
            let axis = axis - usize::from(labels && axis > class_axis(&inputs.operands[0].1));
            if role != Role::PerClass {
                *array = slice(array, axis, range);
            }
        }
        let input = given.operands[0].1.clone();
        (case.term(&given), input)
    };
    Spread {
        whole: case.term(inputs),
        input: inputs.operands[0].1.clone(),
        shards: ranges(lengths).iter().map(shard).collect(),
        axis,
    }
}

/// Shards a case of a softmax by classes. Every operand that has a class axis is cut.
pub fn spread_classes(case: &Case, inputs: &Inputs<Array>, lengths: &[usize]) -> Spread {
    let loss = case.loss();
    let input = &inputs.operands[0].1;
    let term = |own: &Array, range: &Range<usize>| {
        let mut given = inputs.on(&mut |array| Ok::<Array, ()>(array.clone())).unwrap();
        for (name, array) in &mut given.operands {
            match loss.header().operand(name).unwrap().role {
                Role::PerClass => *array = slice(array, 0, range),
                _ if array.shape() == input.shape() => *array = slice(array, class_axis(input), range),
                _ => {}
            }
        }
        // the gradient is asked for with respect to this array itself, not to an equal one
        given.operands[0].1 = own.clone();
        case.term(&given)
    };
    classes(term, input, lengths)
}

/// Shards the rows of `input` by classes. `term` makes a term of a shard's input and its range of classes.
pub fn classes(term: impl Fn(&Array, &Range<usize>) -> Term<Array>, input: &Array, lengths: &[usize]) -> Spread {
    let axis = class_axis(input);
    let count = input.shape()[axis];
    let shard = |range: Range<usize>| {
        let input = slice(input, axis, &range);
        (term(&input, &range).classes_from(range.start, count), input)
    };
    Spread {
        whole: term(input, &(0..count)),
        input: input.clone(),
        shards: ranges(lengths).into_iter().map(shard).collect(),
        axis,
    }
}

/// Adds up the values, gradients, sums and denominators of a batch's shards, and compares them with those of the whole batch.
pub fn adds_up(gpu: &Gpu, case: &Case) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (loss, whole) = (case.loss(), case.inputs());
    let shared = |name: &str| loss.header().operand(name).unwrap().role.is_shared();
    let shards: Vec<_> = ranges(&[1, 6, 2])
        .iter()
        .map(|range| {
            let mut shard = case.inputs();
            for (_, array) in shard.operands.iter_mut().filter(|(name, _)| !shared(name)) {
                *array = slice(array, 0, range);
            }
            shard
        })
        .collect();
    let (outcome, gradients) = cpu::gradient_list(&case.term(&whole), &case.differentiated(&whole)).map_err(text)?;
    let parts = |term: &Term<Array>| gpu.value(term)?.parts().wait();
    let mut own = Vec::new();
    for shard in &shards {
        own.push(parts(&case.term(shard)).map_err(text)?);
    }
    // each part's sums and denominators add up to the whole's
    let total = |k: usize, of: fn(&wgloss::PartOutcome) -> f64| own.iter().map(|parts| of(&parts[k])).sum::<f64>();
    let mut denominators = Vec::new();
    for (k, part) in outcome.parts().iter().enumerate() {
        close(&[total(k, |part| part.sum)], &[part.sum]).map_err(|e| format!("sum of {}: {e}", part.name))?;
        close(&[total(k, |part| part.denominator)], &[part.denominator]).map_err(|e| format!("denominator: {e}"))?;
        denominators.push(part.denominator);
    }
    if denominators.iter().any(|denominator| *denominator != denominators[0]) {
        return Ok(());
    }
    let (mut value, mut of_shards) = (0.0, Vec::new());
    for shard in &shards {
        let term = case.term(shard).divide_by(denominators[0] as f32);
        let (outcome, gradients) = gpu.gradient_list(&term, &case.differentiated(shard)).map_err(text)?;
        value += f64::from(outcome.loss().wait().map_err(text)?);
        let read = gradients.iter().map(|gradient| gradient.read().wait());
        of_shards.push(read.collect::<Result<Vec<Array>, _>>().map_err(text)?);
    }
    close(&[value], &[outcome.loss().map_err(text)?])?;
    let specs = case.given().filter(|spec| spec.gradient);
    for (k, (spec, want)) in specs.zip(&gradients).enumerate() {
        let of_spec: Vec<Array> = of_shards.iter().map(|gradients| gradients[k].clone()).collect();
        let got = match shared(spec.name) {
            true => {
                let sum =
                    of_spec.iter().map(Array::to_f64).reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
                Array::new(&sum.unwrap(), want.shape()).unwrap()
            }
            false => join(&of_spec, 0),
        };
        same(&got, want).map_err(|e| format!("gradient of {}: {e}", spec.name))?;
    }
    Ok(())
}

/// Changes a case so that it can be sharded; `None` if its loss cannot be.
pub fn case(case: Case, rng: &mut Rng) -> Option<Case> {
    let loss = case.loss();
    let means = loss.header().reductions.contains(&Reduction::Mean);
    let last = case.setting.axis == ClassAxis::Last;
    let (shape, reduction): (&[usize], _) = match loss.leaf() {
        Leaf::Region(leaf) if leaf.fused_loss().is_none() => {
            (if last { &[4, 37, 3] } else { &[4, 3, 37] }, case.reduction)
        }
        Leaf::Softmax(_) => {
            let rows: [&[usize]; 3] = [&[70, 37], &[3, 9001], if last { &[3, 41, 9] } else { &[3, 9, 41] }];
            (rows[rng.below(3)], case.reduction)
        }
        // regions summed over a batch need the statistics of all shards, which `adds_up` does not compute
        Leaf::Region(leaf) if leaf.settings().batch => return None,
        Leaf::Similarity(_) | Leaf::Hardest(_) => return rows_case(case, rng),
        // the first axis is that of steps, or that of rows of several segments, and cannot be cut
        Leaf::Alignments(_) | Leaf::Segments(_) => return None,
        _ if means => (samples(&*loss).batch, Reduction::Mean),
        _ => return None,
    };
    let axis = if shape.len() > 2 { case.setting.axis } else { ClassAxis::Second };
    let setting = Setting::new(&*loss, shape, axis, case.setting.target);
    // in 16 bits, the gradients of shards would each be rounded before they are added
    let adds_up = reduction == Reduction::Mean && !matches!(loss.leaf(), Leaf::Region(_) | Leaf::Softmax(_));
    let floats = Floats::All(if adds_up { DType::F32 } else { FLOATS[rng.below(FLOATS.len())] });
    let case = Case { setting, floats, reduction, upstream: Given::Not, divide_by: Given::Not, ..case };
    case.is_valid().then_some(case)
}

/// The operand that holds a shard's rows, if the first operand holds all rows.
fn anchors(loss: &dyn Loss) -> Option<&'static str> {
    loss.header().operands.iter().find(|spec| spec.role == Role::Anchors).map(|spec| spec.name)
}

/// Changes a case of a loss of all pairs so that its rows can be sharded.
fn rows_case(mut case: Case, rng: &mut Rng) -> Option<Case> {
    let loss = case.loss();
    // a shard computes one direction only
    for (_, value) in case.options.iter_mut().filter(|(name, _)| *name == "symmetric") {
        *value = Value::Flag(false);
    }
    let anchors = anchors(&*loss);
    case.optional.retain(|name| Some(*name) != anchors);
    case.optional.extend(anchors);
    let setting = Setting::new(&*loss, &[130, 21], ClassAxis::Second, case.setting.target);
    let floats = Floats::All(FLOATS[rng.below(FLOATS.len())]);
    Some(Case { setting, floats, upstream: Given::Not, divide_by: Given::Not, ..case })
}

/// Compares each shard of a batch's rows with its twin. A test proves that the twins of shards add up to the whole.
fn rows(gpu: &Gpu, case: &Case) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (loss, first) = (case.loss(), 1 + (case.seed % 90) as usize);
    let leader = loss.header().operands[0].name;
    for range in ranges(&[first, 37, 93 - first]) {
        let mut inputs = case.inputs();
        let own = slice(inputs.operand(leader), 0, &range);
        *inputs.operand(anchors(&*loss).unwrap_or(leader)) = own;
        let of_rows = [Role::Weight, Role::SampleWeight, Role::Mask];
        for spec in case.given().filter(|spec| of_rows.contains(&spec.role)) {
            let all = inputs.operand(spec.name);
            *all = slice(all, 0, &range);
        }
        let term = case.term(&inputs).rows_from(range.start);
        let want = cpu::gradient_list(&term, &case.differentiated(&inputs)).map(judge::Given::by_twin).map_err(text)?;
        let there = inputs.on(&mut |array| gpu.upload_array(array)).map_err(text)?;
        let term = case.term(&there).rows_from(range.start);
        let got = case.call(gpu, &term, &case.differentiated(&there)).map_err(text)?;
        case.judge(&inputs, &got, &want).map_err(|why| format!("rows {range:?}: {why}"))?;
    }
    Ok(())
}

/// Shards a case, and compares the shards' results with the whole's, or with the shards' twins.
///
/// # Errors
/// The first result of the shards that differs.
pub fn run(gpu: &Gpu, case: &Case) -> Result<(), String> {
    let (loss, inputs, shape) = (case.loss(), case.inputs(), &case.setting.shape);
    match loss.leaf() {
        Leaf::Region(leaf) if leaf.fused_loss().is_none() => {
            let (axis, lengths): (usize, &[usize]) = match (leaf.settings().batch, case.setting.axis) {
                (true, _) => (0, &[1, 2, 1]),
                (_, ClassAxis::Last) => (1, &[20, 1, 16]),
                (_, ClassAxis::Second) => (2, &[20, 1, 16]),
            };
            compare(gpu, &spread(case, &inputs, axis, lengths))
        }
        Leaf::Softmax(_) => {
            let first = shape[class_axis(&inputs.operands[0].1)] / 2;
            compare(gpu, &spread_classes(case, &inputs, &[first, 1, case.setting.classes() - first - 1]))
        }
        Leaf::Similarity(_) | Leaf::Hardest(_) => rows(gpu, case),
        _ => adds_up(gpu, case),
    }
}

/// A shard of a call, and its own arrays of the operands to differentiate: `None` for an operand that it does not have.
pub struct Share {
    pub term: Term<Array>,
    pub of: Vec<Option<Array>>,
}

/// How the gradients of shards make up that of the whole call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comes {
    /// They follow each other along axis 0.
    Joined,
    /// They add up.
    Added,
}

/// Compares shards of a projection's classes, or of keys, with the whole call. Each shard has some operands to itself,
/// and has the others in common with all shards. Every shard's value is that of the whole call.
pub fn shares(gpu: &Gpu, whole: &Term<Array>, of: &[&Array], comes: &[Comes], shards: &[Share]) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let (outcome, want) = cpu::gradient_list(whole, of).map_err(text)?;
    let by_twin = shards.iter().map(|shard| cpu::statistics(&shard.term));
    let by_twin: Vec<Array> = by_twin.collect::<Result<_, _>>().map_err(text)?;
    let by_gpu = shards.iter().map(|shard| gpu.statistics(&shard.term)?.read().wait());
    let by_gpu: Vec<Array> = by_gpu.collect::<Result<_, _>>().map_err(text)?;
    for (name, all) in [("the twin's", stack(&by_twin)), ("the GPU's", stack(&by_gpu))] {
        for on_gpu in [false, true] {
            let what = format!("{name} statistics, {}", if on_gpu { "GPU" } else { "twin" });
            let mut gradients: Vec<Vec<Array>> = vec![Vec::new(); of.len()];
            for shard in shards {
                let term = shard.term.clone().among(&all);
                let own: Vec<&Array> = shard.of.iter().flatten().collect();
                let (value, got) = match on_gpu {
                    false => cpu::gradient_list(&term, &own).map(|(out, d)| (out.tensor().clone(), d)).map_err(text)?,
                    true => {
                        let (out, d) = gpu.gradient_list(&term, &own).map_err(text)?;
                        let read = d.iter().map(|d| d.read().wait()).collect::<Result<Vec<_>, _>>().map_err(text)?;
                        (out.tensor().read().wait().map_err(text)?, read)
                    }
                };
                close(&value.to_f64(), &outcome.tensor().to_f64()).map_err(|e| format!("{what}: {e}"))?;
                let mut got = got.into_iter();
                let places = shard.of.iter().enumerate().filter(|(_, operand)| operand.is_some());
                places.for_each(|(k, _)| gradients[k].extend(got.next()));
            }
            for (k, (want, gradients)) in want.iter().zip(&gradients).enumerate() {
                let got = if comes[k] == Comes::Joined { join(gradients, 0) } else { added(gradients) };
                same(&got, want).map_err(|e| format!("{what}, gradient {k}: {e}"))?;
            }
        }
    }
    Ok(())
}
