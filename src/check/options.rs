//! Checks of a part's options: their ranges, the reduction, and combinations that are not allowed.

use crate::error::{Error, Result};
use crate::leaf::{Activation, Leaf, RegionSettings};
use crate::loss::Header;
use crate::options::{self, OptionType};
use crate::role::Role;
use crate::shape::Classes;
use crate::term::{Operand, Part, Scale, refuse_reduction};

/// Refuses options out of range, a reduction that the loss does not have, and options that do not fit the operands.
pub(super) fn check<T: Operand>(part: &Part<T>) -> Result<()> {
    options::check(&*part.loss, part.loss.header().id)?;
    if !part.loss.header().reductions.contains(&part.reduction) {
        return Err(refuse_reduction(&*part.loss, &part.reduction.get()));
    }
    numbers(part)?;
    needed(part)?;
    smoothing(part, part.classes_from.is_some() || part.among.is_some())?;
    let classes = part.leader().and_then(|leader| Classes::of(leader.shape(), leader.class_axis()));
    match (part.loss.leaf(), classes) {
        (Leaf::Region(leaf), Some(classes)) => {
            mask_of_elements(part, &leaf.settings())?;
            one_channel(part.loss.header(), classes, &leaf.settings())
        }
        (Leaf::Windows(leaf), _) => window(part.loss.header(), leaf.settings().size),
        (Leaf::Alignments(leaf), _) => blank(part, leaf.blank()),
        _ => Ok(()),
    }
}

/// Refuses a window of even size, which has no middle pixel.
fn window(header: &'static Header, size: usize) -> Result<()> {
    let (option, value, expected) = ("window".into(), size.to_string(), "an odd number ≥ 1".into());
    if size % 2 == 1 { Ok(()) } else { Err(Error::InvalidOption { loss: header.id, option, value, expected }) }
}

/// Refuses a blank that is not below the number of classes.
fn blank<T: Operand>(part: &Part<T>, blank: usize) -> Result<()> {
    let classes = part.leader().and_then(|leader| leader.shape().get(2).copied());
    match classes.filter(|&classes| 0 < classes && classes <= blank) {
        Some(classes) => Err(Error::InvalidOption {
            loss: part.loss.header().id,
            option: "blank".into(),
            value: blank.to_string(),
            expected: format!("below {classes}, the number of classes"),
        }),
        None => Ok(()),
    }
}

/// Refuses a coefficient, an upstream gradient or a denominator that is a number and not finite.
fn numbers<T>(part: &Part<T>) -> Result<()> {
    let number = |scale: &Scale<T>| if let Scale::Number(number) = scale { Some(*number) } else { None };
    let numbers = [
        ("weight of the term", Some(part.weight)),
        ("upstream", number(&part.upstream)),
        ("divide_by", part.divide_by.as_ref().and_then(number)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number.filter(|number| !number.is_finite()) {
            return Err(options::out_of_range(part.loss.header().id, name, number, options::Range::Any));
        }
    }
    Ok(())
}

/// Refuses an option whose value conflicts with other options, or needs an optional operand that is not given.
fn needed<T: Operand>(part: &Part<T>) -> Result<()> {
    let refuse = |option: &str, expected: String| {
        let place = part.loss.specs().iter().position(|spec| spec.name == option);
        let value = place.map(|place| part.loss.values()[place].to_string());
        let (loss, value) = (part.loss.header().id, value.unwrap_or_default());
        Err(Error::InvalidOption { loss, option: option.into(), value, expected })
    };
    let leaf = part.loss.leaf();
    if let Some((option, expected)) = leaf.conflict().or(leaf.needs_labels().filter(|_| part.is_dense())) {
        return refuse(option, expected.into());
    }
    match part.loss.leaf().needs().iter().find(|(operand, _)| part.operand(operand).is_none()) {
        Some((operand, option)) => refuse(option, format!("another value where `{operand}` is not given")),
        None => Ok(()),
    }
}

/// Refuses label smoothing over the classes that are not masked where the target is probabilities, and where the classes are
/// sharded: a shard does not know how many classes of the other shards are not masked.
pub(super) fn smoothing<T: Operand>(part: &Part<T>, sharded: bool) -> Result<()> {
    let spares = matches!(part.loss.leaf(), Leaf::Softmax(leaf) | Leaf::Linear(leaf) if leaf.spares_masked());
    let expected = match (part.is_dense(), sharded) {
        (true, _) => "all, where the target is probabilities",
        (_, true) => "all, for a shard of the classes",
        _ => return Ok(()),
    };
    let (loss, option, value) = (part.loss.header().id, "smooth_over".into(), "finite".into());
    if spares { Err(Error::InvalidOption { loss, option, value, expected: expected.into() }) } else { Ok(()) }
}

/// Refuses a mask of elements where the classes of a position depend on each other.
fn mask_of_elements<T: Operand>(part: &Part<T>, settings: &RegionSettings) -> Result<()> {
    let shape = |operand: Option<&T>| operand.map(|operand| operand.shape().to_vec());
    let mask = shape(part.of_role(Role::Mask));
    if mask.is_none() || mask != shape(part.leader()) || settings.activation != Activation::Softmax {
        return Ok(());
    }
    Err(Error::InvalidOption {
        loss: part.loss.header().id,
        option: "activation".into(),
        value: "softmax".into(),
        expected: "sigmoid or none, for a mask of the input's shape".into(),
    })
}

/// Refuses options of a region loss that one channel can't have.
fn one_channel(header: &'static Header, classes: Classes, settings: &RegionSettings) -> Result<()> {
    let refuse = |option: &str, value: String, expected: &str| {
        Err(Error::InvalidOption { loss: header.id, option: option.into(), value, expected: expected.into() })
    };
    match (classes.c, settings.activation, settings.include_background) {
        (1, Activation::Softmax, _) => refuse("activation", "softmax".into(), "sigmoid or none, for one channel"),
        (1, _, false) => refuse("include_background", "false".into(), "true, for one channel"),
        _ => Ok(()),
    }
}
