//! Shards of regions or of rows' classes. Each needs the statistics of all shards, which merge, and then gives the value of
//! the whole call.

use crate::case::{Case, Inputs};
use crate::judge::{close, same};
use crate::pages::{buffer_of, bytes_of};
use crate::pieces::{class_axis, join, ranges, slice, stack};
use std::ops::Range;
use wgloss::header::Role;
use wgloss::{Array, DType, Error, Gpu, Gradient, Operand, Outputs, Tensor, Term, cpu};

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
    let first = &spread.shards[0].0;
    if let Err(want @ Error::InvalidOption { .. }) = cpu::statistics(first) {
        // some options need the whole row, and are refused alike
        return match statistics(gpu, first, &[1]) {
            Err(got) if got == want => Ok(()),
            other => Err(format!("a shard's statistics are {other:?}, the twin refuses them: {want}")),
        };
    }
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
