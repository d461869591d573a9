//! What is spread over devices: which losses can be, and the shapes of their statistics.

use super::{Checked, Walk, bounds, mismatch};
use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::role::Role;
use crate::shape::DType;
use crate::term::{ClassesFrom, Operand, Part, Term};

/// The numbers of a position's statistics, where its classes are spread: what the label's class adds comes last.
pub(crate) const OF_POSITION: usize = 8;

/// The numbers of a region's statistics: its three sums, and a number above 0 where there is a NaN among them.
pub(crate) const OF_REGION: usize = 4;

/// The most pieces: an invocation merges those of a position.
const MOST_PIECES: usize = 4096;

/// The one part of a term whose statistics are asked for, what its walk runs over, and their shape.
///
/// # Errors
/// What a term is refused for; a sum of losses, and a loss whose pieces add up.
pub(crate) fn statistics<T: Operand>(term: &Term<T>) -> Result<(Part<T>, Checked, Vec<usize>)> {
    let [part] = &term.parts[..] else {
        let refused = Error::InvalidOperand {
            loss: "term",
            operand: "statistics".into(),
            reason: "are those of one loss, not of a sum".into(),
        };
        return Err(refused);
    };
    if part.among.is_some() || !merges(part) {
        return Err(refuse(part, "statistics", if part.among.is_some() { "among" } else { "sum" }.into()));
    }
    let checked = super::part(part)?;
    let shape = shape(part, &checked).expect("a loss that merges has statistics");
    bounds::statistics(part.loss.header().id, &shape)?;
    Ok((part.clone(), checked, shape))
}

/// Whether the pieces of a loss merge by statistics, rather than by adding what they come to.
fn merges<T: Operand>(part: &Part<T>) -> bool {
    match part.loss.leaf() {
        Leaf::Softmax(_) => true,
        Leaf::Region(leaf) => leaf.rider().is_none(),
        _ => false,
    }
}

fn refuse<T>(part: &Part<T>, option: &str, value: String) -> Error {
    let expected = match (option, part.loss.leaf().rider()) {
        ("classes_from", _) => "a loss of a softmax over classes",
        (_, Some(_)) => {
            "a loss of one kind: a sum of the two has one among statistics, and one divided by the whole's count"
        }
        _ => "a loss of regions or of a softmax; of others, pieces that hold their values whole add up",
    };
    Error::InvalidOption { loss: part.loss.header().id, option: option.into(), value, expected: expected.into() }
}

/// Refuses the loss of a piece of split rows: what the others have is missing.
pub(super) fn whole<T: Operand>(part: &Part<T>) -> Result<()> {
    match (part.classes_from, &part.among) {
        (Some(ClassesFrom { first, of }), None) => Err(Error::InvalidOption {
            loss: part.loss.header().id,
            option: "classes_from".into(),
            value: format!("{first} of {of}"),
            expected: "the statistics of all pieces, given by `among`".into(),
        }),
        _ => Ok(()),
    }
}

/// Refuses pieces of what comes in none.
pub(super) fn options_of<T: Operand>(part: &Part<T>) -> Result<()> {
    match part.classes_from {
        Some(ClassesFrom { first, of }) if !matches!(part.loss.leaf(), Leaf::Softmax(_)) => {
            Err(refuse(part, "classes_from", format!("{first} of {of}")))
        }
        _ if part.among.is_some() && !merges(part) => Err(refuse(part, "among", "statistics".into())),
        _ => rows(part),
    }
}

/// Refuses a range of rows where a loss has none.
fn rows<T>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    let Some(first) = part.rows_from else { return Ok(()) };
    let refuse = |option: &str, value: String, expected: &str| {
        Err(Error::InvalidOption { loss: header.id, option: option.into(), value, expected: expected.into() })
    };
    let lacks_anchors = header.player(Role::Anchors).is_some_and(|spec| part.operand(spec.name).is_none());
    match part.loss.leaf() {
        Leaf::Similarity(leaf) if leaf.settings().symmetric => refuse(
            "symmetric",
            "true".into(),
            "false, since a piece has one direction: the other is the same loss of the keys' piece against all queries, \
             and the two are added by halves",
        ),
        Leaf::Similarity(_) if lacks_anchors => {
            refuse("rows_from", first.to_string(), "`anchors`, which are the rows of the piece")
        }
        Leaf::Similarity(_) => Ok(()),
        _ => refuse("rows_from", first.to_string(), "a loss of all pairs"),
    }
}

/// Refuses classes beyond the last, and statistics that are not the part's.
pub(super) fn shapes<T: Operand>(part: &Part<T>, checked: &Checked) -> Result<()> {
    let header = part.loss.header();
    if let (Some(ClassesFrom { first, of }), Walk::Positions(classes)) = (part.classes_from, checked.walk) {
        let leader = header.operands[0].name;
        if of > u32::MAX as usize {
            let (needed, limit) = (of as u64, u32::MAX.into());
            return Err(Error::TooLarge { what: format!("{}: classes of all pieces", header.id), needed, limit });
        }
        if first.checked_add(classes.c).is_none_or(|end| end > of) {
            let expected = format!("at most {} classes, from {first} on of {of}", of.saturating_sub(first));
            let got = part.operand(leader).map_or(Vec::new(), |leader| leader.shape().to_vec());
            return Err(Error::ShapeMismatch { loss: header.id, operand: leader.into(), expected, got });
        }
    }
    let (Some(given), Some(shape)) = (&part.among, shape(part, checked)) else { return Ok(()) };
    // the twin's own are f64
    let twins = given.dtype() == DType::F64 && given.host().is_some();
    if given.dtype() != DType::F32 && !twins {
        let (operand, got) = ("among".into(), given.dtype());
        return Err(Error::UnsupportedDtype { loss: header.id, operand, got, expected: "f32".into() });
    }
    match given.shape().split_first() {
        Some((&pieces, rest)) if pieces > MOST_PIECES && rest == shape => {
            let (needed, limit) = (pieces as u64, MOST_PIECES as u64);
            Err(Error::TooLarge { what: format!("{}: pieces of a whole", header.id), needed, limit })
        }
        Some((1.., rest)) if rest == shape => Ok(()),
        _ => {
            let shape = shape.iter().map(|length| format!(", {length}")).collect::<String>();
            Err(mismatch(header, "among", format!("[P{shape}] of P pieces"), given))
        }
    }
}

/// The shape of a part's statistics, where it has any.
fn shape<T: Operand>(part: &Part<T>, checked: &Checked) -> Option<Vec<usize>> {
    match (part.loss.leaf(), checked.walk) {
        (Leaf::Softmax(_), Walk::Positions(_)) => Some([&checked.loss_shape[..], &[OF_POSITION]].concat()),
        (Leaf::Region(leaf), Walk::Regions(classes)) => {
            Some(vec![if leaf.settings().batch { 1 } else { classes.n }, classes.c, OF_REGION])
        }
        _ => None,
    }
}
