//! A part, which is one loss of a term with all its settings; and the result of a part in an outcome.

use super::observation::Observation;
use super::operand::Operand;
use super::scale::Scale;
use super::varying::Varying;
use crate::broadcast::{BroadcastAxis, broadcast};
use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::loss::{Loss, OperandSpec};
use crate::options::{self, Value};
use crate::reduction::Reduction;
use crate::role::Role;
use crate::shape::ClassAxis;
use std::sync::Arc;

/// One loss of a term.
#[derive(Clone, Debug)]
pub(crate) struct Part<T> {
    pub name: String,
    pub weight: f32,
    /// The factor that a composite loss, such as vae, gives this one of its losses; 1 for all other parts. It
    /// multiplies the weight, but cannot vary between runs.
    pub share: f32,
    pub loss: Arc<dyn Loss>,
    pub operands: Vec<(String, T)>,
    pub reduction: Reduction,
    /// Whether a mean divides by the items of the batch rather than by their elements.
    pub per_item: bool,
    pub upstream: Scale<T>,
    pub divide_by: Option<Scale<T>>,
    /// Whether a mean over nothing is 0 rather than NaN.
    pub empty_is_zero: bool,
    /// Whether the numbers of its operands are inspected before the walk.
    pub checked: bool,
    /// The observations beside the loss, sorted.
    pub observations: Vec<Observation>,
    /// The place in the batch of the first row, where the rows are a shard of the batch.
    pub rows_from: Option<usize>,
    /// The range of classes that the operands hold, where the classes are sharded.
    pub classes_from: Option<ClassesFrom>,
    /// The range of keys that the operands hold, where the keys of a loss of all pairs are sharded.
    pub keys_from: Option<KeysFrom>,
    /// The axes that the first operand shares with that of another part of a ready-made sum.
    pub beside: Option<Beside>,
    /// The statistics of all shards, where the part is a shard that needs them.
    pub among: Option<T>,
    /// The numbers that change between runs.
    pub varying: Vec<Varying<T>>,
}

/// The classes that a shard holds of each row: from `first` on, of `of` in all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ClassesFrom {
    pub first: usize,
    pub of: usize,
}

/// The keys that a shard holds: from `first` on, of `of` in all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct KeysFrom {
    pub first: usize,
    pub of: usize,
}

/// The axes that a part of a ready-made sum shares with another part: the shape of the part's first operand has to begin
/// with them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Beside {
    /// The id of the sum.
    pub whole: &'static str,
    /// The sum's name for the part's first operand.
    pub own: &'static str,
    /// The sum's name for the other part's first operand.
    pub other: &'static str,
    /// The shared axes.
    pub shape: Vec<usize>,
    /// Whether these are all the axes of the operand, so that further axes are refused.
    pub exact: bool,
}

impl<T: Clone> Part<T> {
    /// A loss with operands by name: its mean, unsharded and unscaled.
    pub fn new<'a>(loss: Arc<dyn Loss>, operands: impl IntoIterator<Item = (&'a str, &'a T)>) -> Part<T>
    where
        T: 'a,
    {
        Part {
            name: loss.header().id.into(),
            weight: 1.0,
            share: 1.0,
            loss,
            operands: operands.into_iter().map(|(name, tensor)| (name.into(), tensor.clone())).collect(),
            reduction: Reduction::default(),
            per_item: false,
            upstream: Scale::Number(1.0),
            divide_by: None,
            empty_is_zero: false,
            checked: false,
            observations: Vec::new(),
            rows_from: None,
            classes_from: None,
            keys_from: None,
            beside: None,
            among: None,
            varying: Vec::new(),
        }
    }
}

impl<T: PartialEq> PartialEq for Part<T> {
    fn eq(&self, other: &Part<T>) -> bool {
        // names every field, so that a new one is not forgotten
        let Part {
            name,
            weight,
            loss,
            operands,
            reduction,
            per_item,
            upstream,
            divide_by,
            empty_is_zero,
            checked,
            observations,
            rows_from,
            classes_from,
            keys_from,
            beside,
            among,
            share,
            varying,
        } = self;
        let settings = (&other.name, &other.weight, &other.reduction, &other.upstream, &other.divide_by);
        let shards = (&other.rows_from, &other.classes_from, &other.keys_from, &other.among);
        **loss == *other.loss
            && *operands == other.operands
            && (name, weight, reduction, upstream, divide_by) == settings
            && (empty_is_zero, checked, observations) == (&other.empty_is_zero, &other.checked, &other.observations)
            && (rows_from, classes_from, keys_from, among) == shards
            && (beside, share, per_item) == (&other.beside, &other.share, &other.per_item)
            && *varying == other.varying
    }
}

impl<T> Part<T> {
    /// The operand of this name.
    pub fn operand(&self, name: &str) -> Option<&T> {
        self.operands.iter().find(|(given, _)| given == name).map(|(_, tensor)| tensor)
    }

    /// Every tensor that the part reads, by name: operands, scales, statistics of shards, and numbers that vary.
    pub fn read(&self) -> impl Iterator<Item = (&str, &T)> {
        let operands = self.operands.iter().map(|(name, tensor)| (name.as_str(), tensor));
        let numbers = self.varying.iter().filter_map(|varying| Some((varying.number.as_str(), varying.from.as_ref()?)));
        operands.chain(self.scale_tensors()).chain(self.among.iter().map(|among| ("among", among))).chain(numbers)
    }

    /// The tensors among the part's scales, by name.
    pub fn scale_tensors(&self) -> impl Iterator<Item = (&str, &T)> {
        let scales = [("upstream", Some(&self.upstream)), ("divide_by", self.divide_by.as_ref())];
        scales.into_iter().filter_map(|(name, scale)| match scale {
            Some(Scale::Tensor(tensor)) => Some((name, tensor)),
            _ => None,
        })
    }

    /// The name of the first operand, whose shape the others follow.
    pub fn leader_name(&self) -> &'static str {
        self.loss.header().operands.first().map_or("input", |spec| spec.name)
    }

    /// The first operand, where it is given.
    pub fn leader(&self) -> Option<&T> {
        self.operand(self.leader_name())
    }

    /// The operand of a role that a loss has at most once, if it is given. A loss may have several operands of
    /// [`Role::Table`], of which its options say which one it reads: this returns the one that it reads.
    pub fn of_role(&self, role: Role) -> Option<&T> {
        match self.loss.leaf().table() {
            Some(table) if role == Role::Table => self.operand(table),
            _ => self.loss.header().of_role(role).and_then(|spec| self.operand(spec.name)),
        }
    }

    /// The part's rows in an outcome: one, or two where the loss has a fused loss.
    pub fn outcome_rows(&self) -> Vec<OutcomeRow> {
        let row = |suffix: &str, weight: f32, extra: Option<&str>| OutcomeRow {
            name: format!("{}{suffix}", self.name),
            weight: self.weight * self.share * weight,
            extra: extra.map(|extra| format!("{}.{extra}", self.name)),
        };
        match self.loss.leaf().fused_loss() {
            None => vec![row("", 1.0, self.loss.leaf().extra())],
            Some(fused) => vec![
                row(&format!(".{}", fused.own_name), fused.own_weight, None),
                row(&format!(".{}", fused.loss.header().id), fused.weight, fused.loss.leaf().extra()),
            ],
        }
    }

    /// Whether the part goes through its elements sequence by sequence, which are the rows of `[B, T]`.
    pub fn goes_by_sequences(&self) -> bool {
        self.loss.goes_by_sequences(self.reduction)
    }

    /// The mean of one of the part's sums. A mean over nothing is NaN, or 0 under `empty_is_zero`.
    pub fn mean(&self, outcome: &PartOutcome) -> f64 {
        outcome.mean_or(if self.empty_is_zero { 0.0 } else { f64::NAN })
    }

    /// The number of entries of the part in [`Outcome::parts`](crate::cpu::Outcome::parts), without its observations: its
    /// rows and their extra sums.
    pub fn entries(&self) -> usize {
        self.outcome_rows().iter().map(|row| 1 + usize::from(row.extra.is_some())).sum()
    }

    /// The part with each tensor replaced by what `f` returns for it.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> Result<U>) -> Result<Part<U>> {
        let mut scale = |scale: &Scale<T>| {
            Ok(match scale {
                Scale::Number(number) => Scale::Number(*number),
                Scale::Tensor(tensor) => Scale::Tensor(f(tensor)?),
            })
        };
        let upstream = scale(&self.upstream)?;
        let divide_by = self.divide_by.as_ref().map(&mut scale).transpose()?;
        let among = self.among.as_ref().map(&mut f).transpose()?;
        let varying = self.varying.iter().map(|varying| {
            Ok(Varying { number: varying.number.clone(), from: varying.from.as_ref().map(&mut f).transpose()? })
        });
        let varying = varying.collect::<Result<_>>()?;
        let operands = self.operands.iter().map(|(name, tensor)| Ok((name.clone(), f(tensor)?)));
        Ok(Part {
            name: self.name.clone(),
            weight: self.weight,
            share: self.share,
            loss: self.loss.clone(),
            operands: operands.collect::<Result<_>>()?,
            reduction: self.reduction,
            per_item: self.per_item,
            upstream,
            divide_by,
            empty_is_zero: self.empty_is_zero,
            checked: self.checked,
            observations: self.observations.clone(),
            classes_from: self.classes_from,
            keys_from: self.keys_from,
            beside: self.beside.clone(),
            among,
            rows_from: self.rows_from,
            varying,
        })
    }
}

impl<T: Operand> Part<T> {
    /// The length of the first operand's last axis.
    pub fn columns(&self) -> usize {
        self.leader().and_then(|leader| leader.shape().last().copied()).unwrap_or(1)
    }

    /// The axes along which an operand of a loss of elements is broadcast to the elements' shape. `None` where the
    /// operand has the shape of its role. Weights and columns are broadcast by trailing axes, and sample weights from one
    /// for each item.
    pub fn broadcast(&self, spec: &OperandSpec) -> Option<Vec<BroadcastAxis>> {
        let header = self.loss.header();
        if !matches!(self.loss.leaf(), Leaf::Pointwise(_)) || header.of_role(Role::Index).is_some() {
            return None;
        }
        let (whole, given) = (self.leader()?.shape(), self.operand(spec.name)?.shape());
        let own = match spec.role {
            Role::Weight => whole,
            Role::Column => &whole[whole.len().saturating_sub(1)..],
            Role::SampleWeight if given.len() == 1 && given != whole && given == &whole[..1.min(whole.len())] => {
                return Some(vec![BroadcastAxis { inner: whole[1..].iter().product(), length: given[0], stride: 1 }]);
            }
            _ => return None,
        };
        if given == own { None } else { broadcast(given, whole) }
    }

    /// The rows of the part's observations. In an outcome they follow the rows of all parts.
    pub fn observation_rows(&self) -> Vec<OutcomeRow> {
        let row = |name: String| OutcomeRow { name: format!("{}.{name}", self.name), weight: 0.0, extra: None };
        let rows = |observation: &Observation| match observation.of_classes() {
            true => (0..self.classes()).map(|k| row(format!("{}.{k}", observation.name()))).collect(),
            false => vec![row(observation.name())],
        };
        self.observations.iter().filter(|observation| !observation.of_positions()).flat_map(rows).collect()
    }

    /// The observations of the part that have a number for each position, each with its name in an outcome.
    pub fn observed_positions(&self) -> impl Iterator<Item = (Observation, String)> {
        let observations = self.observations.iter().filter(|observation| observation.of_positions());
        observations.map(|observation| (*observation, format!("{}.{}", self.name, observation.name())))
    }

    /// The length of the first operand's class axis.
    fn classes(&self) -> usize {
        let Some(leader) = self.leader() else { return 1 };
        let classes = match leader.class_axis() {
            ClassAxis::Second => leader.shape().get(1),
            ClassAxis::Last => leader.shape().last(),
        };
        classes.copied().unwrap_or(1)
    }

    /// Whether the target holds a float for each element rather than a label for each position.
    pub fn is_dense(&self) -> bool {
        self.of_role(Role::Target).is_some_and(|target| target.dtype().is_float())
    }
}

/// One row of a part in an outcome: a sum with its denominator, and the loss's second sum if it has one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutcomeRow {
    pub name: String,
    /// Its factor in the sum of terms.
    pub weight: f32,
    /// The name of the loss's second sum, if it has one, such as the z-loss of cross_entropy. A mean divides this sum
    /// by the number of values, without class weights.
    pub extra: Option<String>,
}

/// The result of one loss in an outcome. The outcome's loss is Σ weight·sum/denominator over its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct PartOutcome {
    /// The part's name.
    pub name: String,
    /// The sum of its values.
    pub sum: f64,
    /// The sum's denominator.
    pub denominator: f64,
    /// Its factor in the sum of terms.
    pub weight: f64,
}

impl PartOutcome {
    /// The sum divided by its denominator; `empty` for a mean over nothing, where the denominator is 0 and the sum is not NaN.
    ///
    /// ```
    /// use wgloss::{Array, Mse, cpu};
    /// let (x, t) = (Array::new(&[1.0f32, 5.0], [2])?, Array::new(&[1.0f32, 3.0], [2])?);
    /// let mse = Mse::default().of(&x, &t);
    /// assert_eq!(cpu::value(&mse)?.parts()[0].mean_or(f64::NAN), 2.0);
    /// let nothing = mse.mask(&Array::new(&[0u8, 0], [2])?);
    /// assert_eq!(cpu::value(&nothing)?.parts()[0].mean_or(0.0), 0.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub fn mean_or(&self, empty: f64) -> f64 {
        if self.denominator == 0.0 && !self.sum.is_nan() { empty } else { self.sum / self.denominator }
    }
}

/// The error for a reduction that a loss does not have.
pub(crate) fn refuse_reduction(loss: &dyn Loss, value: &Value) -> Error {
    let names = loss.header().reductions.iter().map(|r| options::OptionType::get(r).to_string());
    Error::InvalidOption {
        loss: loss.header().id,
        option: "reduction".into(),
        value: value.to_string(),
        expected: format!("one of {}", names.collect::<Vec<_>>().join(", ")),
    }
}

/// The error of asking for the loss of an unreduced term as a number.
pub(crate) fn not_reduced() -> Error {
    Error::InvalidOption {
        loss: "term",
        option: "reduction".into(),
        value: "none".into(),
        expected: "a reduction, for the loss as a number".into(),
    }
}
