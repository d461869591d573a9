//! Which numbers of a checked term's operands are inspected, and the rules that they have to keep.

use super::labels::Labels;
use super::work::{ClassFold, Work, work};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::leaf::{Activation, Leaf};
use crate::loss::OperandSpec;
use crate::role::{Domain, Role};
use crate::shape::{Classes, DType};
use crate::term::{Operand, Part};

/// The inspection of an operand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inspection {
    pub operand: &'static str,
    /// The names of the loss and of the operand in an error. If the loss belongs to a sum of losses, they are the sum's names.
    pub named: [&'static str; 2],
    pub rule: Rule,
    /// The place of the operand's first number. All places of a part are numbered one after another: first those of
    /// labels, then those of inspections.
    pub first: u64,
    pub kept: Kept,
}

/// A rule for the numbers of an operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    Finite,
    /// Finite numbers, and −∞, which is the logit or the log of a probability of 0.
    FiniteOrMasked,
    /// Numbers from 0 to 1, both included.
    Probability,
    /// 0 and 1.
    Flag,
    /// −1 and 1.
    Sign,
    /// The numbers of all classes of a position add up to 1, within this tolerance.
    AddUp {
        classes: usize,
        tolerance: f32,
    },
}

/// Which numbers of an operand take part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kept {
    /// The numbers of positions that the mask keeps and whose label is not ignored. Element `e` belongs to the position
    /// `⌊e / outer⌋ · inner + e mod inner`.
    Positions { outer: usize, inner: usize, mask: Masked, ignores: bool },
    /// The numbers of the steps that each item has, in `[T, N, C]`. An item with L steps has steps 0 to L − 1; later ones are
    /// left out.
    Steps { items: usize, classes: usize },
}

/// How the mask decides which numbers of an operand take part: not at all, by a number for each position, or by a number for
/// each element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Masked {
    Nothing,
    Positions,
    Elements,
}

impl Rule {
    /// Whether a finite number keeps the rule.
    fn holds(self, x: f64) -> bool {
        match self {
            Rule::Finite | Rule::FiniteOrMasked => true,
            Rule::Probability => (0.0..=1.0).contains(&x),
            Rule::Flag => x == 0.0 || x == 1.0,
            Rule::Sign => x.abs() == 1.0,
            Rule::AddUp { tolerance, .. } => (x - 1.0).abs() <= tolerance.into(),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            // no error has these two texts, since a number that breaks these rules is `Error::NotFinite`
            Rule::Finite => "a finite number",
            Rule::FiniteOrMasked => "a finite number or -inf",
            Rule::Probability => "a number from 0 to 1",
            Rule::Flag => "0 or 1",
            Rule::Sign => "-1 or 1",
            Rule::AddUp { .. } => "probabilities of all classes that add up to 1",
        }
    }
}

impl Inspection {
    /// The number of places that the inspection takes, for an operand with this many elements.
    pub fn places(&self, elements: usize) -> u64 {
        match (self.rule, self.kept) {
            (Rule::AddUp { classes, .. }, _) => (elements / classes) as u64,
            _ => elements as u64,
        }
    }

    /// The error of a number that breaks the rule.
    pub fn refusal(&self, position: u64, value: f64) -> Error {
        let ([loss, operand], single) = (self.named, value as f32);
        let operand = operand.into();
        let value = match self.rule {
            // a sum in f32 is accurate to about five digits
            Rule::AddUp { .. } => {
                let after_the_point = 4 - (value.abs().max(1.0).log10() as usize).min(4);
                format!("{value:.after_the_point$}")
            }
            // without an exponent, its text has hundreds of digits
            _ if value.is_finite() && !single.is_finite() => format!("{value:e} (infinite in f32)"),
            // the shortest text of the number in its own type
            _ if f64::from(single) == value => single.to_string(),
            _ => value.to_string(),
        };
        match single.is_finite() {
            true => Error::TargetOutOfRange { loss, operand, position, value, expected: self.rule.expected().into() },
            false => Error::NotFinite { loss, operand, position, value },
        }
    }

    /// Refuses an operand on the host if one of its numbers that take part breaks the rule.
    fn check<T: Operand>(&self, part: &Part<T>, ignored: Option<i32>) -> Result<()> {
        let host = |name: &str| part.operand(name).and_then(Operand::host);
        let Some(array) = host(self.operand) else { return Ok(()) };
        let takes_part = self.taking_part(part, ignored);
        let numbers = array.to_f64();
        let breaks = |x: f64| match x {
            f64::NEG_INFINITY => self.rule != Rule::FiniteOrMasked,
            // a GPU would see a greater number as an infinity
            x => !(x as f32).is_finite() || !self.rule.holds(x),
        };
        let found = match (self.rule, self.kept) {
            (Rule::AddUp { classes, .. }, Kept::Positions { outer, inner, .. }) => {
                let positions = (0..numbers.len() / classes).map(|p| {
                    let first = p / inner * outer + p % inner;
                    (p, first, (0..classes).map(|k| numbers[first + k * inner]).sum::<f64>())
                });
                let mut positions = positions.filter(|&(_, first, _)| takes_part(first));
                positions.find(|&(_, _, sum)| breaks(sum)).map(|(p, _, sum)| (p, sum))
            }
            _ => {
                let mut numbers = numbers.into_iter().enumerate();
                numbers.find(|&(element, x)| breaks(x) && takes_part(element))
            }
        };
        match found {
            Some((place, value)) => Err(self.refusal(place as u64, value)),
            None => Ok(()),
        }
    }

    /// Returns a function that says whether an element of the operand takes part. Masks, labels and counts that do not lie
    /// on the host leave nothing out.
    fn taking_part<T: Operand>(&self, part: &Part<T>, ignored: Option<i32>) -> Box<dyn Fn(usize) -> bool> {
        let of_role = |role| part.of_role(role).and_then(Operand::host).map(Array::to_f64);
        match self.kept {
            Kept::Positions { outer, inner, mask, ignores } => {
                let masks = of_role(Role::Mask).filter(|_| mask != Masked::Nothing);
                let labels = of_role(Role::Target).or_else(|| of_role(Role::Labels)).filter(|_| ignores);
                Box::new(move |element| {
                    let position = element / outer * inner + element % inner;
                    let masked = if mask == Masked::Elements { element } else { position };
                    let of_mask = masks.as_ref().is_none_or(|masks| masks[masked] != 0.0);
                    of_mask && labels.as_ref().is_none_or(|labels| Some(labels[position]) != ignored.map(f64::from))
                })
            }
            Kept::Steps { items, classes } => {
                let counts = of_role(Role::StepCounts);
                Box::new(move |element| {
                    let (step, item) = (element / (items * classes), element / classes % items);
                    counts.as_ref().is_none_or(|counts| (step as f64) < counts[item])
                })
            }
        }
    }
}

/// Returns the inspections of a part, in the order of its header; none if the part does not ask for them. Inspects the
/// operands on the host.
pub(super) fn check<T: Operand>(part: &Part<T>, labels: Option<&Labels>) -> Result<Vec<Inspection>> {
    if !part.checked {
        return Ok(Vec::new());
    }
    let (header, work) = (part.loss.header(), work(part)?);
    let integers = header.operands.iter().filter(|spec| spec.role.is_integer() || labelled(part, spec));
    // lengths, labels and segments are numbered one after another, with one more place for the sum of the lengths
    let first = 1 + integers.filter_map(|spec| part.operand(spec.name)).map(|of| len(of) as u64).sum::<u64>();
    let (mut inspections, mut next) = (Vec::new(), first);
    for spec in header.operands {
        let Some(operand) = part.operand(spec.name).filter(|_| !labelled(part, spec)) else { continue };
        for rule in rules(part, work, spec, operand.dtype()) {
            let kept = kept(part, work, spec, operand, labels);
            let named = [header.id, spec.name];
            let inspection = Inspection { operand: spec.name, named, rule, first: next, kept };
            next = next.saturating_add(inspection.places(len(operand)));
            inspections.push(inspection);
        }
    }
    if next >= u32::MAX.into() {
        let what = format!("{}: numbers of a checked term", header.id);
        return Err(Error::TooLarge { what, needed: next, limit: u64::from(u32::MAX) - 1 });
    }
    let ignored = labels.and_then(|labels| labels.ignored);
    inspections.iter().try_for_each(|inspection| inspection.check(part, ignored))?;
    Ok(inspections)
}

/// Whether an operand is a target that holds labels rather than floats.
fn labelled<T: Operand>(part: &Part<T>, spec: &OperandSpec) -> bool {
    spec.role == Role::Target && !part.is_dense()
}

/// The rules for an operand's numbers. A table has none: a loss uses some of its entries, and the others may be anything.
fn rules<T: Operand>(part: &Part<T>, work: Work<'_>, spec: &OperandSpec, dtype: DType) -> Vec<Rule> {
    let of_target = |rule| if spec.gradient { Rule::Finite } else { rule };
    let over_softmax = match work {
        Work::Positions { leaf, .. } => !matches!(leaf, ClassFold::ClassSum(_)),
        Work::Regions { leaf, .. } => {
            leaf.fused_loss().is_some_and(|fused| matches!(fused.loss.leaf(), Leaf::Softmax(_)))
        }
        Work::LinearDivergence { .. } | Work::Linear { .. } => true,
        _ => false,
    };
    let masks_classes = match work {
        // a fused loss of elements takes the logits of a softmax as logits of their own
        Work::Regions { leaf, .. } if leaf.fused_loss().is_none() => leaf.settings().activation == Activation::Softmax,
        _ => over_softmax,
    };
    let rule = match (spec.role, spec.domain) {
        (Role::Mask, _) if dtype.is_float() => Rule::Flag,
        (Role::Mask | Role::Table, _) => return Vec::new(),
        (role, _) if role.is_integer() => return Vec::new(),
        (Role::Classes | Role::Dense, Domain::Real) if masks_classes => Rule::FiniteOrMasked,
        (Role::PerProjection, _) => Rule::FiniteOrMasked,
        (_, Domain::Log | Domain::LogProbability) => Rule::FiniteOrMasked,
        (_, Domain::Probability | Domain::Binary) if logs(part, spec) => Rule::FiniteOrMasked,
        (_, Domain::Probability | Domain::Binary) => of_target(Rule::Probability),
        (_, Domain::Sign) => of_target(Rule::Sign),
        (_, Domain::Real | Domain::Positive | Domain::Corners) => Rule::Finite,
    };
    // a shard has some of the classes, and one channel is the second of two
    let one_channel = matches!(work, Work::Regions { classes: Classes { c: 1, .. }, .. });
    let whole = part.classes_from.is_none() && !one_channel;
    match classes(work) {
        Some(Classes { c, .. }) if spec.role == Role::Target && rule == Rule::Probability && over_softmax && whole => {
            let tolerance = if dtype == DType::BF16 { 1e-2 } else { 1e-3 };
            vec![rule, Rule::AddUp { classes: c, tolerance }]
        }
        _ => vec![rule],
    }
}

/// Whether an option says that an operand holds the logs of its probabilities.
fn logs<T: Operand>(part: &Part<T>, spec: &OperandSpec) -> bool {
    use crate::options::Value;
    let named = part.loss.specs().into_iter().zip(part.loss.values());
    let flags = named.filter(|(_, value)| *value == Value::Flag(true)).map(|(option, _)| option.name);
    spec.logs_if.is_some_and(|flag| flags.into_iter().any(|set| set == flag))
}

fn classes(work: Work<'_>) -> Option<Classes> {
    match work {
        Work::Positions { classes, .. } | Work::Regions { classes, .. } => Some(classes),
        _ => None,
    }
}

/// Which numbers of an operand take part.
fn kept<T: Operand>(part: &Part<T>, work: Work<'_>, spec: &OperandSpec, operand: &T, labels: Option<&Labels>) -> Kept {
    let everywhere = Kept::Positions { outer: 1, inner: 1, mask: Masked::Nothing, ignores: false };
    let ignores = labels.is_some_and(|labels| labels.ignored.is_some() && labels.lengths.is_none());
    let mask = part.of_role(Role::Mask);
    let by_position = |outer: usize, inner: usize| {
        let mask = if mask.is_some() { Masked::Positions } else { Masked::Nothing };
        Kept::Positions { outer, inner, mask, ignores }
    };
    if spec.role == Role::Mask || part.broadcast(spec).is_some() {
        return everywhere;
    }
    match (work, spec.role) {
        (Work::Positions { .. } | Work::Regions { .. }, Role::Classes | Role::Dense | Role::Target) => {
            let Some(Classes { c, s, class_stride, .. }) = classes(work) else { return everywhere };
            let (outer, inner) = if class_stride > 1 { (c * s, s) } else { (c, 1) };
            match mask {
                Some(mask) if len(mask) == len(operand) => {
                    Kept::Positions { outer, inner, mask: Masked::Elements, ignores }
                }
                _ => by_position(outer, inner),
            }
        }
        (Work::Alignments { lattice, .. }, Role::Steps) => {
            Kept::Steps { items: lattice.items, classes: lattice.classes }
        }
        // the mask has a number for each pair of segments, which does not say which rows it leaves out
        (Work::Segments { pairs, .. }, Role::Rows) => {
            Kept::Positions { outer: pairs.width.max(1), inner: 1, mask: Masked::Nothing, ignores }
        }
        (Work::Similarity { .. } | Work::Hardest { .. } | Work::Gram { .. } | Work::Segments { .. }, _) => everywhere,
        (_, role) if role.is_shared() => everywhere,
        // the elements of a position lie together; a number that several positions share is always inspected
        _ => match positions(part, work) {
            positions if positions > 0 && len(operand) >= positions => by_position(len(operand) / positions, 1),
            _ => everywhere,
        },
    }
}

/// The number of positions that a mask has a number for, or else that have a label. 0 where neither leaves positions out.
fn positions<T: Operand>(part: &Part<T>, work: Work<'_>) -> usize {
    match (work, part.of_role(Role::Mask)) {
        (_, Some(mask)) => len(mask),
        (Work::Positions { classes, .. } | Work::Regions { classes, .. }, _) => classes.positions(),
        (Work::Linear { pairs, .. } | Work::LinearDivergence { pairs, .. }, _) => pairs.rows,
        // nothing is left out
        _ => 0,
    }
}

/// The number of elements of an operand. Its shape was checked, so the product does not overflow.
fn len<T: Operand>(operand: &T) -> usize {
    operand.shape().iter().product()
}
