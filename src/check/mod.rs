//! What is refused before anything is computed: options, operands, dtypes and shapes, in this order, and labels on the host.

mod asked;
mod bounds;
mod composite;
mod hints;
mod pieces;
mod walk;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::leaf::{Leaf, Rider};
use crate::loss::{Denominator, Header, OperandSpec};
use crate::options::{self, OptionType};
use crate::reduction::Reduction;
use crate::role::{Axis, Role, Sizes};
use crate::shape::{Classes, elements};
use crate::term::{Operand, Part, Scale, Term, refuse_reduction};

/// What the checks found out about a part: the sizes that its walk needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checked {
    /// What the walk runs over.
    pub walk: Walk,
    /// The shape of the unreduced loss.
    pub loss_shape: Vec<usize>,
    /// The integers to be checked, where there are any.
    pub labels: Option<Labels>,
    /// What the sum is divided by.
    pub divisor: Divisor,
    /// The same for a loss that rides along in the walk.
    pub rider_divisor: Option<Divisor>,
}

/// What a walk runs over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Walk {
    /// Items of so many elements each; one item where the loss does not tell items apart.
    Elements { items: usize, per_item: usize },
    /// Positions with classes.
    Positions(Classes),
    /// Regions over positions with classes.
    Regions(Classes),
    /// Rows, each of so many coordinates.
    Rows { rows: usize, width: usize },
    /// Rows against all others.
    Similarity(Pairs),
    /// Rows against the classes of a projection.
    Linear(Pairs),
    /// The channels of each item against each other.
    Gram(Classes),
}

/// Rows and what each is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pairs {
    /// The rows that have a value each.
    pub rows: usize,
    /// The rows of what they are compared with first: as many, all of the batch that they are a piece of, or the classes of a
    /// projection.
    pub others: usize,
    /// The place among these of what belongs to the first row.
    pub first: usize,
    /// The rows of what they are compared with beyond.
    pub more: usize,
    /// The elements of a row.
    pub width: usize,
}

/// Integers that have to lie in `0..count`, or equal `ignored`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Labels {
    pub operand: &'static str,
    pub count: usize,
    pub ignored: Option<i32>,
}

/// What the sum of a part is divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Divisor {
    /// A number that is known before the work runs.
    Number(f64),
    /// The weights of what takes part.
    Weights,
    /// The number of values that take part.
    Count,
    /// The caller's tensor.
    Tensor,
}

/// Checks every part of a term, and gives the parts that are left where sums of losses are taken apart.
pub(crate) fn term<T: Operand>(term: &Term<T>) -> Result<(Term<T>, Vec<Checked>)> {
    let alone = term.parts.len() == 1;
    let (mut parts, mut checked) = (Vec::new(), Vec::new());
    for part in &term.parts {
        if part.reduction == Reduction::None && !alone {
            return Err(Error::InvalidOption {
                loss: part.loss.header().id,
                option: "reduction".into(),
                value: "none".into(),
                expected: "a reduction, in a sum of terms".into(),
            });
        }
        if let Leaf::Composite(leaf) = part.loss.leaf() {
            composite::part(part, leaf, &mut parts, &mut checked)?;
        } else {
            pieces::whole(part)?;
            checked.push(self::part(part)?);
            parts.push(part.clone());
        }
    }
    Ok((Term { parts }, checked))
}

fn part<T: Operand>(part: &Part<T>) -> Result<Checked> {
    let header = part.loss.header();
    options_of(part)?;
    pieces::options_of(part)?;
    operands(part, header)?;
    dtypes(part, header)?;
    let checked = shapes(part, header)?;
    pieces::shapes(part, &checked)?;
    beside(part, header)?;
    let on_host = |labels: &Labels| part.operand(labels.operand).and_then(Operand::host);
    if let Some((labels, array)) = checked.labels.as_ref().and_then(|labels| Some((labels, on_host(labels)?))) {
        labels.check(header.id, array)?;
    }
    Ok(checked)
}

/// Refuses a part of a ready-made sum whose rows are not those of the part beside it.
fn beside<T: Operand>(part: &Part<T>, header: &'static Header) -> Result<()> {
    let (Some(beside), Some(leader)) = (&part.beside, part.operand(header.operands[0].name)) else { return Ok(()) };
    let got = leader.shape();
    let fits =
        if beside.whole_shape { got == beside.shape } else { got.get(..beside.shape.len()) == Some(&beside.shape) };
    if fits {
        return Ok(());
    }
    let axes = beside.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let more = if beside.whole_shape { "" } else { ", ..." };
    Err(Error::ShapeMismatch {
        loss: beside.whole,
        operand: beside.own.into(),
        expected: format!("[{axes}{more}], as `{}` has", beside.other),
        got: got.to_vec(),
    })
}

impl Labels {
    /// Refuses the first label of the host's that lies outside the range.
    pub fn check(&self, loss: &'static str, array: &Array) -> Result<()> {
        let ignored = self.ignored.map(i64::from);
        let outside = |v: &i64| Some(*v) != ignored && !(0..self.count as i64).contains(v);
        match array.to_i64().iter().position(outside) {
            None => Ok(()),
            Some(position) => Err(Error::LabelOutOfRange {
                loss,
                operand: self.operand.into(),
                position: position as u64,
                value: array.to_i64()[position],
                count: self.count as u64,
                ignored: self.ignored,
            }),
        }
    }
}

fn options_of<T: Operand>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    let id = header.id;
    options::check(&*part.loss, id)?;
    if !header.reductions.contains(&part.reduction) {
        return Err(refuse_reduction(&*part.loss, &part.reduction.get()));
    }
    let number = |scale: &Scale<T>| if let Scale::Number(number) = scale { Some(*number) } else { None };
    let numbers = [
        ("weight of the term", Some(part.weight)),
        ("upstream", number(&part.upstream)),
        ("divide_by", part.divide_by.as_ref().and_then(number)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number.filter(|number| !number.is_finite()) {
            let expected = options::Range::Any.to_string();
            return Err(Error::InvalidOption { loss: id, option: name.into(), value: number.to_string(), expected });
        }
    }
    let lacking = part.loss.leaf().needs().filter(|(operand, _)| part.operand(operand).is_none());
    if let Some((operand, option)) = lacking {
        let place = part.loss.specs().iter().position(|spec| spec.name == option);
        let value = place.map(|place| part.loss.values()[place].to_string());
        return Err(Error::InvalidOption {
            loss: id,
            option: option.into(),
            value: value.unwrap_or_default(),
            expected: format!("another value where `{operand}` is not given"),
        });
    }
    walk::options_of(part)
}

fn operands<T: Operand>(part: &Part<T>, header: &'static Header) -> Result<()> {
    let refuse = |operand: &str, reason: &str| {
        Err(Error::InvalidOperand { loss: header.id, operand: operand.into(), reason: reason.into() })
    };
    for (place, (name, _)) in part.operands.iter().enumerate() {
        if header.operand(name).is_none() {
            return refuse(name, "is not one that this loss takes");
        }
        if part.operands[..place].iter().any(|(earlier, _)| earlier == name) {
            return refuse(name, "is given twice");
        }
    }
    match header.operands.iter().find(|spec| !spec.optional && part.operand(spec.name).is_none()) {
        Some(missing) => refuse(missing.name, "is missing"),
        None => Ok(()),
    }
}

fn dtypes<T: Operand>(part: &Part<T>, header: &'static Header) -> Result<()> {
    for (name, tensor) in &part.operands {
        let Some(spec) = header.operand(name) else { continue };
        let float = tensor.dtype().is_float();
        let expected = match spec.role {
            Role::Target => continue,
            role if role.is_integer() && float => "integers",
            role if role.is_integer() => continue,
            _ if float => continue,
            _ => "floats",
        };
        return Err(Error::UnsupportedDtype {
            loss: header.id,
            operand: name.clone(),
            got: tensor.dtype(),
            expected: expected.into(),
        });
    }
    match scale_tensors(part).find(|(_, tensor)| !tensor.dtype().is_float()) {
        Some((name, tensor)) => {
            let (operand, got) = (name.into(), tensor.dtype());
            Err(Error::UnsupportedDtype { loss: header.id, operand, got, expected: "floats".into() })
        }
        None => Ok(()),
    }
}

/// The scales of a part that are tensors, by name.
fn scale_tensors<T>(part: &Part<T>) -> impl Iterator<Item = (&'static str, &T)> {
    let given = [("upstream", Some(&part.upstream)), ("divide_by", part.divide_by.as_ref())];
    given.into_iter().filter_map(|(name, scale)| match scale {
        Some(Scale::Tensor(tensor)) => Some((name, tensor)),
        _ => None,
    })
}

pub(crate) use asked::differentiable;
#[cfg(feature = "gpu")]
pub(crate) use asked::on_gpu;
pub(crate) use pieces::{OF_POSITION, OF_REGION, statistics};

fn shapes<T: Operand>(part: &Part<T>, header: &'static Header) -> Result<Checked> {
    let leader = part.operand(header.operands[0].name).expect("the first operand is never optional");
    let dense = header.player(Role::Target).is_some_and(|spec| is_dense(part, spec));
    // what follows multiplies its axes
    bounds::tensor(header.id, header.operands[0].name, leader.shape())?;
    let (walk, labels) = walk::of(part, header, leader, dense)?;
    let mut sizes = Sizes::new(&*part.loss, leader.shape(), leader.class_axis(), dense);
    if let Walk::Similarity(pairs) = walk {
        sizes.values = vec![pairs.rows];
    }
    let mut free: Vec<(&str, usize)> = Vec::new();
    for (name, tensor) in &part.operands {
        let Some(spec) = header.operand(name) else { continue };
        let expected = match (walk, spec.role) {
            (Walk::Similarity(pairs), Role::Rows) if spec.name != header.operands[0].name => {
                vec![Axis::Of(pairs.others), Axis::Of(pairs.width)]
            }
            _ => sizes.shape(spec.role),
        };
        let settled = free.len();
        let mut fits = tensor.shape().len() == expected.len();
        for (&got, axis) in tensor.shape().iter().zip(&expected) {
            let known = free.iter().find(|(known, _)| *axis == Axis::Free(known)).map(|(_, length)| *length);
            match (axis, known) {
                (Axis::Of(length), _) => fits &= got == *length,
                (Axis::AtMost(length), _) => fits &= got <= *length,
                (Axis::Free(_), Some(length)) => fits &= got == length,
                (Axis::Free(axis), None) => free.push((axis, got)),
            }
        }
        if !fits {
            let mut expected = shape_text(&expected, &free[..settled]);
            expected += &hints::of(part, spec, tensor, leader, dense);
            return Err(mismatch(header, name, expected, tensor));
        }
    }
    scales(part, header, &sizes.values)?;
    bounds::part(part, &sizes.values)?;
    let ignoring = labels.as_ref().is_some_and(|labels| labels.ignored.is_some());
    let regions = matches!(part.loss.leaf(), Leaf::Region(_));
    // a row that no other belongs together with has no value either
    let counted = (!regions && ignoring) || header.player(Role::RowLabels).is_some();
    // a product over no positions is no value
    let nothing = matches!(walk, Walk::Gram(Classes { s: 0, .. }));
    let own = divisor(part, header, dense, if nothing { &[0] } else { &sizes.values[..] }, counted);
    let rider = |(rider, classes): (Rider, Classes)| {
        // a single channel is two classes of one weight: that of label 1 is a factor, as PyTorch's pos_weight is
        let weightless = dense || classes.c == 1;
        divisor(part, rider.loss.header(), weightless, &[classes.n, classes.s], !dense)
    };
    let ridden = part.loss.leaf().rider().zip(Classes::of(leader.shape(), leader.class_axis()));
    Ok(Checked { walk, loss_shape: sizes.values, labels, divisor: own, rider_divisor: ridden.map(rider) })
}

/// A shape as an error shows it, its free axes by name as long as nothing has settled them.
fn shape_text(axes: &[Axis], free: &[(&str, usize)]) -> String {
    let text = |axis: &Axis| match axis {
        Axis::Of(length) => length.to_string(),
        Axis::AtMost(length) => format!("at most {length}"),
        Axis::Free(name) => match free.iter().find(|(known, _)| known == name) {
            Some((_, length)) => length.to_string(),
            None => name.to_string(),
        },
    };
    format!("[{}]", axes.iter().map(text).collect::<Vec<_>>().join(", "))
}

/// Whether the target holds a float for each element rather than a label for each position.
pub(crate) fn is_dense<T: Operand>(part: &Part<T>, spec: &OperandSpec) -> bool {
    part.operand(spec.name).is_some_and(|t| t.dtype().is_float())
}

fn scales<T: Operand>(part: &Part<T>, header: &'static Header, loss_shape: &[usize]) -> Result<()> {
    for (name, tensor) in scale_tensors(part) {
        let whole = name == "upstream" && part.reduction == Reduction::None;
        if whole && tensor.shape() != loss_shape {
            return Err(mismatch(header, name, format!("{loss_shape:?}"), tensor));
        }
        if !whole && elements(tensor.shape()) != Some(1) {
            return Err(mismatch(header, name, "one element".into(), tensor));
        }
    }
    Ok(())
}

/// What a loss of these values is divided by; `unweighted` where class weights are no denominator, `counted` where labels
/// may leave values out.
fn divisor<T: Operand>(part: &Part<T>, header: &Header, unweighted: bool, values: &[usize], counted: bool) -> Divisor {
    let has = |role| header.player(role).is_some_and(|spec| part.operand(spec.name).is_some());
    match (&part.divide_by, part.reduction) {
        (_, Reduction::None) => Divisor::Number(1.0),
        (Some(Scale::Tensor(_)), _) => Divisor::Tensor,
        (Some(Scale::Number(number)), _) => Divisor::Number((*number).into()),
        (None, Reduction::Sum) => Divisor::Number(1.0),
        (None, Reduction::BatchMean) => Divisor::Number(values.first().copied().unwrap_or(1) as f64),
        (None, Reduction::Mean) => {
            let weighted = has(Role::Weight) || (has(Role::PerClass) && !unweighted);
            match header.mean {
                Denominator::Weights if weighted => Divisor::Weights,
                _ if has(Role::Mask) || counted => Divisor::Count,
                _ => Divisor::Number(values.iter().map(|&d| d as f64).product()),
            }
        }
    }
}

fn mismatch<T: Operand>(header: &Header, operand: &str, expected: String, got: &T) -> Error {
    Error::ShapeMismatch { loss: header.id, operand: operand.into(), expected, got: got.shape().to_vec() }
}
