//! Checks of a new driver beyond the conformance cases: calls are drawn from a seed, and the twin judges each.

use crate::case::{Case, Wanted};
use crate::change::{Change, flags, labels, not_finite, nothing};
use crate::devices::{Devices, Limits};
use crate::draw::{Rng, Setting};
use crate::factors::Factors;
use crate::samples::{Layouts, Samples, samples};
use crate::sharded;
use std::collections::BTreeMap;
use wgloss::{DType, Loss, Reduction};

/// The kind of a check, as its place in `KINDS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind(usize);

impl Kind {
    /// The name of the kind, in a few words.
    pub fn name(self) -> &'static str {
        KINDS[self.0].name
    }
}

/// How the calls of a kind are drawn. All choices that a row does not fix are drawn: options, operands, dtypes, scales, doors.
struct Row {
    name: &'static str,
    /// How many calls are drawn for each loss.
    calls: usize,
    shapes: Shapes,
    devices: &'static [Limits],
    draws: Draws,
}

/// The shapes of a kind of calls.
enum Shapes {
    /// All sizes where kernels change, shapes without elements among them.
    All,
    /// A list of the loss's family, which may be empty.
    Of(fn(&Samples) -> Layouts),
}

/// The choices that are drawn in addition to the shape.
enum Draws {
    /// A call and a change to its inputs; `None` where the loss lacks what the change applies to.
    Call(fn(&mut Case, &mut Rng) -> Option<Change>),
    /// The shards of a call, as several devices would make them.
    Shards,
    /// A call with all choices at their defaults: the twin is slow over so many numbers.
    Plain,
}

const ANY: &[Limits] = &[Limits::Own, Limits::Narrow];
const OWN: &[Limits] = &[Limits::Own];
const NARROW: &[Limits] = &[Limits::Narrow];
const TIGHT: &[Limits] = &[Limits::Tight];

/// All kinds of calls. A new way in which a driver may fail is a new row. All calls together take some 15 minutes on two cores
/// of a CPU, most of them to compile kernels.
const KINDS: &[Row] = &[
    Row { name: "sizes and options", calls: 10, shapes: Shapes::All, devices: ANY, draws: Draws::Call(nothing) },
    Row { name: "NaN and infinities", calls: 5, shapes: Shapes::All, devices: ANY, draws: Draws::Call(not_finite) },
    Row { name: "labels", calls: 5, shapes: Shapes::All, devices: ANY, draws: Draws::Call(labels) },
    Row { name: "masks and flags", calls: 2, shapes: Shapes::All, devices: ANY, draws: Draws::Call(flags) },
    Row { name: "added gradients", calls: 2, shapes: Shapes::All, devices: ANY, draws: Draws::Call(added) },
    Row {
        name: "cut into chunks",
        calls: 3,
        shapes: Shapes::Of(|samples| samples.cut),
        devices: ANY,
        draws: Draws::Call(nothing),
    },
    Row {
        name: "kept in registers",
        calls: 2,
        shapes: Shapes::Of(|samples| samples.in_registers),
        devices: OWN,
        draws: Draws::Call(stored),
    },
    Row {
        name: "bindings of 160 KiB",
        calls: 2,
        shapes: Shapes::Of(|samples| samples.beyond_a_small_binding),
        devices: TIGHT,
        draws: Draws::Call(in_little_memory),
    },
    Row {
        name: "beyond a binding",
        calls: 1,
        shapes: Shapes::Of(|samples| samples.drawn_beyond_a_binding),
        devices: NARROW,
        draws: Draws::Plain,
    },
    Row { name: "sharded", calls: 2, shapes: Shapes::All, devices: ANY, draws: Draws::Shards },
    Row { name: "beyond 2^24", calls: 0, shapes: Shapes::All, devices: OWN, draws: Draws::Plain },
];

/// The kind of the calls that [`large`] lists.
const LARGE: Kind = Kind(KINDS.len() - 1);

/// Stored gradients, for which lanes keep in registers the numbers that they have read.
fn stored(case: &mut Case, _: &mut Rng) -> Option<Change> {
    case.wanted = Wanted::Stored;
    Some(Change::Nothing)
}

/// A call that asks for no more of a binding than its walk needs. A workgroup of 4096 positions keeps a state for each, which
/// observations make longer than a binding of 160 KiB; and the inspection of a dense target needs all classes of a position at once.
fn in_little_memory(case: &mut Case, _: &mut Rng) -> Option<Change> {
    case.observations = &[];
    case.checked &= !case.setting.target.is_float();
    Some(Change::Nothing)
}

/// Gradients that are added to the numbers in memory.
fn added(case: &mut Case, _: &mut Rng) -> Option<Change> {
    case.wanted = Wanted::Added;
    Some(Change::Nothing)
}

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    pub kind: Kind,
    /// The number of the call among its loss's.
    pub number: usize,
    limits: Limits,
    case: Case,
    /// The change to the case's inputs; none where the case is sharded instead.
    change: Option<Change>,
}

/// All checks of some losses, or of all if none is named, in an order that goes through losses and kinds evenly, so that
/// a run that is cut short has seen some of each. The checks of a loss do not depend on which other losses are named.
pub fn checks(seed: u64, losses: &[String]) -> Vec<Check> {
    let mut checks: Vec<(f64, Check)> = Vec::new();
    for loss in wgloss::all() {
        let id = loss.header().id;
        if losses.is_empty() || losses.iter().any(|named| named == id) {
            checks.extend(of_loss(seed, &*loss));
        }
    }
    checks.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    checks.into_iter().map(|(_, check)| check).collect()
}

/// The checks of a loss, each with its place in the order of all, from 0 to 1.
fn of_loss(seed: u64, loss: &dyn Loss) -> Vec<(f64, Check)> {
    let own = Rng::new(loss.header().id.bytes().fold(0, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into())));
    let turn = own.clone().unit();
    let mut rng = Rng::new(seed ^ own.clone().bits());
    let mut checks: Vec<(f64, Check)> = Vec::new();
    for (kind, row) in KINDS.iter().enumerate() {
        let drawn: Vec<Check> = (0..row.calls).filter_map(|call| draw(loss, Kind(kind), call, &mut rng)).collect();
        let place = |at: usize| (at as f64 + turn) / row.calls as f64;
        checks.extend(drawn.into_iter().enumerate().map(|(at, check)| (place(at), check)));
    }
    checks.extend(large(loss.header().id).map(|check| (0.9, check)));
    checks.iter_mut().enumerate().for_each(|(number, (_, check))| check.number = number);
    checks
}

/// The `call`th check of a kind, if the kind applies to the loss. Calls take the shapes of a list in turn.
fn draw(loss: &dyn Loss, kind: Kind, call: usize, rng: &mut Rng) -> Option<Check> {
    let row = &KINDS[kind.0];
    let factors = Factors::of((loss.header().default)());
    let chosen: Vec<usize> = factors.choices().into_iter().map(|choices| rng.below(choices)).collect();
    let mut case = factors.case(&chosen);
    case.seed = rng.bits();
    let target = if matches!(row.draws, Draws::Plain) { factors.targets[0] } else { case.setting.target };
    if let Shapes::Of(list) = row.shapes {
        let shapes = list(samples(loss));
        let (shape, axis) = *shapes.get(call % shapes.len().max(1))?;
        case.setting = Setting::new(loss, shape, axis, target);
    }
    let limits = row.devices[rng.below(row.devices.len())];
    let (case, change) = match row.draws {
        Draws::Call(change) => {
            let change = change(&mut case, rng)?;
            (case, Some(change))
        }
        Draws::Shards => (sharded::case(case, rng)?, None),
        Draws::Plain => {
            let setting = case.setting;
            (Case { setting, ..Case::new(loss.header().id, &[], target) }, Some(Change::Nothing))
        }
    };
    Some(Check { kind, number: 0, limits, case, change })
}

/// A check with more than 2^24 values, which a counter in f32 could not count, for one loss of each of three families.
fn large(id: &'static str) -> Option<Check> {
    let shape: &[usize] = match id {
        "mse" => &[4097, 4097],
        "cross_entropy" => &[(1 << 24) + 1, 2],
        "dice" => &[1, 2, 4097, 4097],
        _ => return None,
    };
    let case = Case { reduction: Reduction::Sum, ..Case::new(id, shape, DType::U8) };
    Some(Check { kind: LARGE, number: 0, limits: Limits::Own, case, change: Some(Change::Nothing) })
}

impl Check {
    /// The loss that is checked.
    pub fn loss(&self) -> &'static str {
        self.case.id
    }

    /// The name of the checked call among those of its seed.
    pub fn name(&self) -> String {
        format!("{}:{}", self.case.id, self.number)
    }

    /// Everything about the checked call, as text.
    pub fn describe(&self) -> String {
        let change = self.change.as_ref().map(Change::describe).unwrap_or_default();
        format!("{:?}{change}, {:?} limits", self.case, self.limits)
    }

    /// Runs the check. A call that the GPU and the twin refuse alike passes.
    ///
    /// # Errors
    /// A text with the GPU's and the twin's numbers where they differ.
    pub fn run(&self, devices: &Devices) -> Result<(), String> {
        let gpu = devices.with(self.limits)?;
        match &self.change {
            Some(change) => change.run(&self.case, gpu),
            None => sharded::run(gpu, &self.case),
        }
    }
}

/// The number of checks of each kind.
pub fn count(checks: &[Check]) -> BTreeMap<Kind, usize> {
    checks.iter().fold(BTreeMap::new(), |mut count, check| {
        *count.entry(check.kind).or_default() += 1;
        count
    })
}
