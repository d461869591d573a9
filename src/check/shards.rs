//! Checks of a shard, which is what one device holds of a batch: which losses can be sharded, and the shapes of their
//! statistics.
//!
//! A call for a shard's statistics stops after the first stage of its walk (`positions_statistics`, `region_statistics`,
//! `linear_statistics`, `similarity_statistics`). A term `among` the statistics of all shards merges them where it would merge
//! its own chunks (`geometry/whole/shards` for `geometry/whole/chunks`, `geometry/region_parts/shards` for `chunks`,
//! `linear_among` and `similarity_among` for `tiles_merge`), and goes on as without shards.

use super::checked::Checked;
use super::refusal::mismatch;
use super::work::{ClassFold, Work, work};
use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::role::Role;
use crate::shape::DType;
use crate::term::{ClassesFrom, KeysFrom, Operand, Part};

/// The number of statistics of a position whose classes are sharded, or of a row whose keys are sharded.
pub(crate) const OF_POSITION: usize = 8;

/// The number of further statistics of a position where observations are asked for.
pub(crate) const OF_NOTES: usize = 3;

/// The number of statistics of a region: three sums, and a number above 0 where a sum is NaN.
pub(crate) const OF_REGION: usize = 4;

/// The most shards: one invocation merges the states of a position one by one.
const MOST_SHARDS: usize = 4096;

/// Whether the loss of a shard needs the statistics of all shards. The shards of all other losses simply add up.
pub(super) fn merges<T: Operand>(part: &Part<T>) -> bool {
    match part.loss.leaf() {
        Leaf::Region(_) => true,
        // shards of rows add up, shards of keys do not
        Leaf::Similarity(_) => part.keys_from.is_some(),
        leaf => has_sharded_classes(leaf),
    }
}

/// Whether the classes of a loss can be sharded.
fn has_sharded_classes(leaf: Leaf<'_>) -> bool {
    match leaf {
        Leaf::Softmax(_) | Leaf::Linear(_) => true,
        Leaf::ClassSum(leaf) => leaf.classes_stand_alone(),
        _ => false,
    }
}

/// The error for a shard's option. It says which losses take the option.
pub(super) fn refuse<T>(part: &Part<T>, option: &str, value: String) -> Error {
    let expected = match (option, part.loss.leaf()) {
        ("classes_from", _) => "a loss of a softmax over classes, or of classes that stand alone",
        (_, Leaf::Segments(_)) => "a loss whose shards are merged; shards of whole segments simply add up",
        (_, Leaf::Similarity(_)) => "a loss of all pairs with `keys_from`; shards of its rows simply add up",
        _ => "a loss of regions or of classes that can be sharded; the shards of all other losses simply add up",
    };
    Error::InvalidOption { loss: part.loss.header().id, option: option.into(), value, expected: expected.into() }
}

/// Refuses a term over some of a row's classes, or some of its keys, that is not given the statistics of all shards.
pub(super) fn needs_among<T: Operand>(part: &Part<T>) -> Result<()> {
    let classes = part.classes_from.map(|ClassesFrom { first, of }| ("classes_from", first, of));
    let keys = part.keys_from.map(|KeysFrom { first, of }| ("keys_from", first, of));
    match (classes.or(keys), &part.among) {
        (Some((option, first, of)), None) => Err(Error::InvalidOption {
            loss: part.loss.header().id,
            option: option.into(),
            value: format!("{first} of {of}"),
            expected: match part.loss.leaf() {
                Leaf::Hardest(_) if option == "keys_from" => {
                    "a loss of all pairs that sums over keys; shards of its rows simply add up".into()
                }
                _ => "the statistics of all shards, given by `among`".into(),
            },
        }),
        _ => Ok(()),
    }
}

/// Refuses the options of a shard where the loss can't be sharded that way.
pub(super) fn options<T: Operand>(part: &Part<T>) -> Result<()> {
    match part.classes_from {
        Some(ClassesFrom { first, of }) if !has_sharded_classes(part.loss.leaf()) => {
            Err(refuse(part, "classes_from", format!("{first} of {of}")))
        }
        _ if part.among.is_some() && !merges(part) => Err(refuse(part, "among", "statistics".into())),
        _ => pair_options(part),
    }
}

/// Refuses `rows_from` and `keys_from` for a loss that does not compare the rows of a batch.
fn pair_options<T>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    let (option, value) = match (part.keys_from, part.rows_from) {
        (Some(KeysFrom { first, of }), _) => ("keys_from", format!("{first} of {of}")),
        (None, Some(first)) => ("rows_from", first.to_string()),
        (None, None) => return Ok(()),
    };
    let refuse = |option: &str, value: String, expected: &str| {
        Err(Error::InvalidOption { loss: header.id, option: option.into(), value, expected: expected.into() })
    };
    let lacks_anchors = header.of_role(Role::Anchors).is_some_and(|spec| part.operand(spec.name).is_none());
    match part.loss.leaf() {
        Leaf::Similarity(leaf) if leaf.settings().symmetric => refuse(
            "symmetric",
            "true".into(),
            "false, since a shard has one direction: the other is the same loss of the keys' shard against all queries; \
             add half of each",
        ),
        Leaf::Similarity(_) | Leaf::Hardest(_) if lacks_anchors => {
            refuse(option, value, "`anchors`, which are the rows of the shard")
        }
        Leaf::Similarity(_) | Leaf::Hardest(_) => Ok(()),
        _ => refuse(option, value, "a loss of all pairs"),
    }
}

/// Refuses a range of classes that ends after the last, and statistics that do not fit the part.
pub(super) fn shapes<T: Operand>(part: &Part<T>, checked: &Checked) -> Result<()> {
    let header = part.loss.header();
    if let (Some(ClassesFrom { first, of }), Some((operand, classes))) = (part.classes_from, held_classes(part)?) {
        if of > u32::MAX as usize {
            let (needed, limit) = (of as u64, u32::MAX.into());
            return Err(Error::TooLarge { what: format!("{}: classes of all shards", header.id), needed, limit });
        }
        if first.checked_add(classes).is_none_or(|end| end > of) {
            let expected = format!("at most {} classes, from {first} on of {of}", of.saturating_sub(first));
            let got = part.operand(operand).map_or(Vec::new(), |held| held.shape().to_vec());
            return Err(Error::ShapeMismatch { loss: header.id, operand: operand.into(), expected, got });
        }
    }
    let (Some(given), Some(shape)) = (&part.among, statistics_shape(part, checked)?) else { return Ok(()) };
    // statistics are f32, but the twin's own may also be f64
    let of_twin = given.dtype() == DType::F64 && given.host().is_some();
    if given.dtype() != DType::F32 && !of_twin {
        let (operand, got) = ("among".into(), given.dtype());
        return Err(Error::UnsupportedDtype { loss: header.id, operand, got, expected: "f32".into() });
    }
    match given.shape().split_first() {
        Some((&shards, rest)) if shards > MOST_SHARDS && rest == shape => {
            let (needed, limit) = (shards as u64, MOST_SHARDS as u64);
            Err(Error::TooLarge { what: format!("{}: shards of a batch", header.id), needed, limit })
        }
        Some((1.., rest)) if rest == shape => Ok(()),
        _ => {
            let shape = shape.iter().map(|length| format!(", {length}")).collect::<String>();
            Err(mismatch(header, "among", format!("[S{shape}] of S shards"), given))
        }
    }
}

/// The operand whose shape gives the number of classes that a shard holds, and this number.
fn held_classes<T: Operand>(part: &Part<T>) -> Result<Option<(&'static str, usize)>> {
    Ok(match work(part)? {
        Work::Positions { classes, .. } => Some((part.leader_name(), classes.c)),
        Work::Linear { pairs, .. } => {
            part.loss.header().of_role(Role::Projection).map(|spec| (spec.name, pairs.others))
        }
        _ => None,
    })
}

/// The shape of a part's statistics; `None` where the shards of its loss simply add up.
pub(super) fn statistics_shape<T: Operand>(part: &Part<T>, checked: &Checked) -> Result<Option<Vec<usize>>> {
    let notes = if part.observations.is_empty() { 0 } else { OF_NOTES };
    let of_values = || Some([&checked.loss_shape[..], &[OF_POSITION + notes]].concat());
    Ok(match work(part)? {
        Work::Positions { leaf: ClassFold::Softmax(_), .. } | Work::Linear { .. } | Work::Similarity { .. } => {
            of_values()
        }
        Work::Positions { leaf: ClassFold::ClassSum(leaf), .. } if leaf.classes_stand_alone() => of_values(),
        Work::Regions { leaf, classes } => {
            Some(vec![if leaf.settings().batch { 1 } else { classes.n }, classes.c, OF_REGION])
        }
        _ => None,
    })
}
